"""Reporting: targets and counts, and every figure and its history."""
