"""Mirrors chatcore."""
