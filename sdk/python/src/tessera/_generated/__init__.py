"""Generated from sdk/openapi.json by sdk/generate.py. Do not edit."""
