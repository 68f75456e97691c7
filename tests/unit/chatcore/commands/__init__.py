"""Tests of what commands decide without a store."""
