"""Sync as pure translation."""
