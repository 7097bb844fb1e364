"""Append-only ledgers: events, claims, commands and the digest chain, in one commit."""
