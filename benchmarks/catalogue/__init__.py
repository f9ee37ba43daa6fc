"""The whole catalogue through the gateway of a running product: examples, second inputs and hostile ones."""
