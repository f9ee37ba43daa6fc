"""Models of public hubs, fetched on demand: what is listed, how it is fetched and how each kind is run. Django-free."""
