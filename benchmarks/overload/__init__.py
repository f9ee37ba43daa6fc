"""What the product does when more comes than it can do."""
