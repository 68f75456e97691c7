"""Mirrors gateway."""
