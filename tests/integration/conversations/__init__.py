"""Conversations v1 over a real database."""
