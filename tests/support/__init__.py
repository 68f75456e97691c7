"""Servers, factories and clients that tests share."""
