"""Reactions: recorded facts of one ledger in, commands of a service out, each done once."""

from infra.reactor.reactor import NothingToDo, Policy, Reactor

__all__ = ["NothingToDo", "Policy", "Reactor"]
