"""PostgreSQL and Valkey from wheels, started and stopped for development and tests."""
