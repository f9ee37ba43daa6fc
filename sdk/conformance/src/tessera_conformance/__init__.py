"""The conformance kit of the Model Service Interface."""

SPEC = "1.0"
__version__ = "1.0.0"
