"""The rules of admission: aggregates that decide, and the pure readings they decide by."""
