"""Machinery; knows no domain word."""
