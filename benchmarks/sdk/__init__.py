"""What the Python SDK adds to a call: `make bench-sdk`."""
