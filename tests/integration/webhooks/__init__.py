"""Webhooks over real sockets."""
