"""The services, and the command that composes them."""
