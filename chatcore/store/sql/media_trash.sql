-- name: add
-- service_sid, sid
INSERT INTO media_trash (sid, service_sid) VALUES ($2, $1) ON CONFLICT (sid) DO NOTHING;

-- name: discard_unattached
-- created before, rows; answers with the number of records. Whoever attaches one of them at this moment has locked it
WITH late AS (
  SELECT sid FROM media
  WHERE message_sid IS NULL AND date_created < $1
  ORDER BY date_created LIMIT $2 FOR UPDATE SKIP LOCKED),
gone AS (DELETE FROM media m USING late WHERE m.sid = late.sid RETURNING m.sid, m.service_sid),
trashed AS (
  INSERT INTO media_trash (sid, service_sid) SELECT sid, service_sid FROM gone ON CONFLICT (sid) DO NOTHING)
SELECT count(*) AS count FROM gone;

-- name: deleted_owners
-- rows; channels and services that are gone, and whether any of their files has its record still
SELECT t.sid, CASE WHEN t.sid < 'D'
  THEN EXISTS (SELECT FROM media m WHERE m.channel_sid = t.sid)
  ELSE EXISTS (SELECT FROM media m WHERE m.service_sid = t.sid) END AS has_files
FROM media_trash t WHERE t.sid < 'ME' AND t.due_at <= now() ORDER BY t.sid LIMIT $1;

-- name: discard_of_channel
-- channel_sid, rows; answers with the number of records
WITH gone AS (
  DELETE FROM media WHERE sid IN (SELECT sid FROM media WHERE channel_sid = $1 ORDER BY message_index LIMIT $2)
  RETURNING sid, service_sid),
trashed AS (
  INSERT INTO media_trash (sid, service_sid) SELECT sid, service_sid FROM gone ON CONFLICT (sid) DO NOTHING)
SELECT count(*) AS count FROM gone;

-- name: discard_of_service
-- service_sid, rows; answers with the number of records
WITH gone AS (
  DELETE FROM media WHERE sid IN (SELECT sid FROM media WHERE service_sid = $1 ORDER BY sid LIMIT $2)
  RETURNING sid, service_sid),
trashed AS (
  INSERT INTO media_trash (sid, service_sid) SELECT sid, service_sid FROM gone ON CONFLICT (sid) DO NOTHING)
SELECT count(*) AS count FROM gone;

-- name: take
-- rows, seconds; nobody else is given them in that time
UPDATE media_trash SET due_at = now() + make_interval(secs => $2)
WHERE sid IN (
  SELECT sid FROM media_trash WHERE service_sid IS NOT NULL AND due_at <= now()
  ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING sid, service_sid;

-- name: forget
-- sids
DELETE FROM media_trash WHERE sid = ANY ($1::text[]);
