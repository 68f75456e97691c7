"""Supervisor parts."""
