"""The worker over a real database."""
