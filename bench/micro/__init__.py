"""Benchmarks of single functions."""
