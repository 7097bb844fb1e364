"""Percentages are formatting: half up, with the Vietnamese comma."""

from __future__ import annotations


def percent(numerator: int, denominator: int, places: int) -> str:
    """Write a ratio of whole numbers as a percentage: `34,4%`."""
    scale: int = 10**places
    # Whole numbers throughout, so that a half is a half.
    scaled, rest = divmod(abs(numerator) * 100 * scale, denominator)
    scaled += 2 * rest >= denominator
    whole, decimals = divmod(scaled, scale)
    sign = "-" if numerator < 0 and scaled else ""
    written = f"{sign}{whole:,}".replace(",", ".")
    return f"{written},{decimals:0{places}}%" if places else f"{written}%"
