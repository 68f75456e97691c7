"""Chat v2 rooms, without a database."""
