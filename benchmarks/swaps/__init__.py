"""Version swaps under load."""
