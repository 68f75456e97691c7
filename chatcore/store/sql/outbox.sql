-- name: put
-- kinds, service_sids, dedupes, lanes, jobs, due in, expires in (seconds)
-- Times are the database's, as are those the workers compare with. A waiting twin keeps its job and may move forward.
INSERT INTO outbox (kind, service_sid, dedupe, lane, job, due_at, expires_at)
SELECT
  kind, service_sid, dedupe, lane, job::jsonb, now() + make_interval(secs => due), now() + make_interval(secs => expiry)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[])
  AS w (kind, service_sid, dedupe, lane, job, due, expiry)
ON CONFLICT (kind, service_sid, dedupe) WHERE dedupe IS NOT NULL
DO UPDATE SET due_at = least(outbox.due_at, excluded.due_at);
