"""The REST API: which product a request means, and one room per product."""
