"""Mirrors gateway/rest."""
