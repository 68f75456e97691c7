"""Stands in for the gateway process in tests of the supervisor."""
