"""Mirrors chatcore/auth."""
