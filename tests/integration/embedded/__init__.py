"""Embedded PostgreSQL and Valkey, started for real."""
