"""The media store's address."""
