"""The whole REST API against its reference."""
