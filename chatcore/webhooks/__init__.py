"""Calls of webhooks over HTTP: what is said, how it is signed, what an answer means."""
