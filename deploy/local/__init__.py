"""Postgres, Kafka and Prometheus as plain processes on loopback."""
