"""The whole product on one machine: Postgres, Redis and Triton from their wheels under one supervisor."""
