"""Cold starts and memory of resident models, with and without the fork server."""
