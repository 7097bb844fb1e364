"""Schedules of faults on real processes: roles, Postgres, Kafka, killed and paused under load."""

from tests.chaos.real.schedule import Ground, ground, run

__all__ = ["Ground", "ground", "run"]
