"""How ketnap is run: the local stack, the compose file's image, what Prometheus watches."""
