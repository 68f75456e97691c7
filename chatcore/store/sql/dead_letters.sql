-- name: dead
-- kind, service_sid (null: all), rows; newest first
SELECT id, service_sid, job, created_at, died_at, attempts, reason FROM outbox_dead
WHERE kind = $1 AND ($2::text IS NULL OR service_sid = $2)
ORDER BY died_at DESC, id DESC LIMIT $3;

-- name: replay
-- kind, ids (null: all), service_sid (null: all), life (interval); answers with the ids
-- They keep their ids, and so their place in their lanes and what receivers know them by.
WITH gone AS (
  DELETE FROM outbox_dead
  WHERE kind = $1 AND ($2::bigint[] IS NULL OR id = ANY ($2)) AND ($3::text IS NULL OR service_sid = $3)
  RETURNING *)
INSERT INTO outbox (id, kind, service_sid, dedupe, lane, job, progress, created_at, due_at, expires_at)
OVERRIDING SYSTEM VALUE
SELECT id, kind, service_sid, dedupe, lane, job, progress, created_at, now(), now() + $4::interval FROM gone
ON CONFLICT DO NOTHING
RETURNING id;
