"""Benchmarks of a really running cluster."""
