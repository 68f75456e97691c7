"""Stands in for the push process in tests of the supervisor."""
