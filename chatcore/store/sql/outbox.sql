-- name: put
-- kinds, service_sids, dedupes, lanes, jobs, due in, expires in (seconds)
-- Times are the database's, as are those the workers compare with. A waiting twin keeps its job and may move forward; one
-- that is being worked on is taken from its worker, who may have looked before this change, and begins anew: whoever
-- changes something again and again does not use up the attempts of a job that never fails.
INSERT INTO outbox (kind, service_sid, dedupe, lane, job, due_at, expires_at)
SELECT
  kind, service_sid, dedupe, lane, job::jsonb, now() + make_interval(secs => due), now() + make_interval(secs => expiry)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[])
  AS w (kind, service_sid, dedupe, lane, job, due, expiry)
ON CONFLICT (kind, service_sid, dedupe) WHERE dedupe IS NOT NULL
DO UPDATE SET
  due_at = least(outbox.due_at, excluded.due_at), expires_at = greatest(outbox.expires_at, excluded.expires_at),
  attempts = CASE WHEN outbox.claimed_by IS NULL THEN outbox.attempts ELSE 0 END, claimed_by = NULL;

-- name: claim
-- kind, rows, lease (interval), worker, service_sids to pass over, pause (interval), ids that the worker works on
-- A row that has to wait for an older one of its lane is not claimed but set aside for the pause (or until `promote`):
-- else every claim would have to read its way through all rows behind a target that does not answer.
WITH due AS (
  SELECT o.id, EXISTS (SELECT 1 FROM outbox older WHERE older.lane = o.lane AND older.id < o.id) AS waits
  FROM outbox o
  WHERE o.kind = $1 AND o.due_at <= now() AND o.expires_at > now() AND o.service_sid <> ALL ($5::text[])
    AND o.id <> ALL ($7::bigint[])
  ORDER BY o.due_at, o.id LIMIT $2 FOR UPDATE OF o SKIP LOCKED)
UPDATE outbox o SET
  due_at = now() + CASE WHEN due.waits THEN $6::interval ELSE $3::interval END,
  attempts = o.attempts + CASE WHEN due.waits THEN 0 ELSE 1 END,
  claimed_by = CASE WHEN due.waits THEN NULL ELSE $4::text END
FROM due WHERE o.id = due.id
RETURNING o.id, o.service_sid, o.lane, o.job::text AS job, o.progress, o.created_at, o.attempts, due.waits;

-- name: set_aside
-- kind, rows, pause (interval)
-- What `claim` does with rows that wait, for many.
WITH due AS (
  SELECT o.id FROM outbox o
  WHERE o.kind = $1 AND o.due_at <= now() AND EXISTS (
    SELECT 1 FROM outbox older WHERE older.lane = o.lane AND older.id < o.id)
  ORDER BY o.due_at, o.id LIMIT $2 FOR UPDATE OF o SKIP LOCKED)
UPDATE outbox o SET due_at = now() + $3::interval, claimed_by = NULL FROM due WHERE o.id = due.id;

-- name: promote
-- lane; answers with the id of its oldest row, which is due now
-- In a transaction of its own, after the one that took the lane's first row away. A claim that began before that still
-- sees the old first row and would set this one aside: if it has done so, this statement undoes it; if it comes later,
-- it finds this row due after its own beginning and leaves it alone.
UPDATE outbox o SET due_at = now()
FROM (SELECT id FROM outbox WHERE lane = $1 ORDER BY id LIMIT 1) first
WHERE o.id = first.id AND o.claimed_by IS NULL AND o.attempts = 0
RETURNING o.id;

-- name: renew
-- ids, worker, lease (interval); answers with those that are still held
UPDATE outbox SET due_at = now() + $3::interval WHERE id = ANY ($1::bigint[]) AND claimed_by = $2 RETURNING id;

-- name: finish
-- id, worker; answers with the id if it was held
DELETE FROM outbox WHERE id = $1 AND claimed_by = $2 RETURNING id;

-- name: retry
-- id, worker, delay (interval), error, attempts
-- `begun` tells the next one that this was worked on, which `attempts` does not where an attempt did not count.
UPDATE outbox SET
  due_at = now() + $3::interval, claimed_by = NULL, last_error = $4, attempts = $5,
  progress = progress || '{"begun": true}'
WHERE id = $1 AND claimed_by = $2;

-- name: give_up
-- id, worker, reason; answers with the id if it was held
WITH gone AS (DELETE FROM outbox WHERE id = $1 AND claimed_by = $2 RETURNING *)
INSERT INTO outbox_dead (
  id, kind, service_sid, dedupe, lane, job, progress, created_at, due_at, expires_at, attempts, claimed_by, last_error,
  died_at, reason)
SELECT
  id, kind, service_sid, dedupe, lane, job, progress, created_at, due_at, expires_at, attempts, claimed_by, last_error,
  now(), $3
FROM gone
RETURNING id;

-- name: release
-- ids, worker
UPDATE outbox SET
  due_at = now(), claimed_by = NULL, attempts = greatest(attempts - 1, 0), progress = progress || '{"begun": true}'
WHERE id = ANY ($1::bigint[]) AND claimed_by = $2;

-- name: give_up_strangers
-- known kinds, patience (interval), reason; answers with the kind of each row
WITH gone AS (DELETE FROM outbox WHERE kind <> ALL ($1::text[]) AND due_at < now() - $2::interval RETURNING *)
INSERT INTO outbox_dead (
  id, kind, service_sid, dedupe, lane, job, progress, created_at, due_at, expires_at, attempts, claimed_by, last_error,
  died_at, reason)
SELECT
  id, kind, service_sid, dedupe, lane, job, progress, created_at, due_at, expires_at, attempts, claimed_by, last_error,
  now(), $3
FROM gone
RETURNING kind;
