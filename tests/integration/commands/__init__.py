"""Every command against a real database."""
