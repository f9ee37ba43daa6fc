"""Faults at random against the running product, and an independent account of what its callers saw."""
