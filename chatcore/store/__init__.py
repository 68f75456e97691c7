"""PostgreSQL driver: the only user of asyncpg. SQL lives in sql/, schema steps in migrations/."""
