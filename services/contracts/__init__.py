"""The promises that follow from the code, and whether a change of them keeps them."""

from services.contracts.files import Drift, check, documents, example, generate, schema, write

__all__ = ["Drift", "check", "documents", "example", "generate", "schema", "write"]
