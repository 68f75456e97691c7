"""Providers against peers that play Apple and Google."""
