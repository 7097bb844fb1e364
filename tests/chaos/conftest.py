from tests.ports.conftest import place

__all__ = ["place"]
