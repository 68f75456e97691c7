-- name: create_table
CREATE TABLE IF NOT EXISTS schema_migrations (
  name       text COLLATE "C" PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: table_exists
SELECT to_regclass('schema_migrations') IS NOT NULL;

-- name: applied
SELECT name FROM schema_migrations;

-- name: record
-- name
INSERT INTO schema_migrations (name) VALUES ($1);

-- name: lock
-- number of the lock; held until unlock or the end of the session
SELECT pg_advisory_lock($1);

-- name: unlock
-- number of the lock
SELECT pg_advisory_unlock($1);
