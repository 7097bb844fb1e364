"""Verification: what localities reply about a candidate and his relatives."""
