"""`make bench-gateway`: our full path against Triton alone, LiteLLM's proxy and MLServer, all in one run."""
