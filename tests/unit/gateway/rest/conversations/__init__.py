"""Conversations v1 rooms, without a database."""
