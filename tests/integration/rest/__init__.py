"""The REST API as an application, over a real database."""
