"""Facts in, changes to the views out: what counts, since when, for whom."""
