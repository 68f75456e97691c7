"""Mirrors gateway/twilsock."""
