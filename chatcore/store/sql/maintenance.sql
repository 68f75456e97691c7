-- name: channels_to_prune
-- sid to start after, rows, cutoff, events to keep
-- Walks over all channels by key; looks at the oldest event of each. `keep_from` is null where nothing is due.
SELECT s.sid, CASE
  WHEN s.first_seq > s.last_seq THEN NULL
  WHEN s.last_seq - s.first_seq >= $4::bigint OR e.created_at < $3::timestamptz OR e.created_at IS NULL THEN greatest(
    s.first_seq, s.last_seq - $4::bigint + 1,
    coalesce((
      SELECT k.seq FROM channel_events k
      WHERE k.channel_sid = s.sid AND k.seq >= s.first_seq AND k.created_at >= $3::timestamptz
      ORDER BY k.seq LIMIT 1), s.last_seq + 1)) END AS keep_from
FROM (SELECT sid, first_seq, last_seq FROM channels WHERE sid > $1 ORDER BY sid LIMIT $2) s
LEFT JOIN channel_events e ON e.channel_sid = s.sid AND e.seq = s.first_seq
ORDER BY s.sid;

-- name: move_channel_start
-- sid, keep_from
UPDATE channels SET first_seq = $2 WHERE sid = $1 AND first_seq < $2 AND last_seq >= $2 - 1;

-- name: delete_channel_events
-- sid, keep_from, rows; answers with the number of deleted rows
WITH gone AS (
  DELETE FROM channel_events WHERE channel_sid = $1 AND seq IN (
    SELECT seq FROM channel_events WHERE channel_sid = $1 AND seq < $2 ORDER BY seq LIMIT $3)
  RETURNING 1)
SELECT count(*) AS count FROM gone;

-- name: users_to_prune
-- user_sid to start after, rows, cutoff, events to keep
SELECT s.sid, CASE
  WHEN s.first_seq > s.last_seq THEN NULL
  WHEN s.last_seq - s.first_seq >= $4::bigint OR e.created_at < $3::timestamptz OR e.created_at IS NULL THEN greatest(
    s.first_seq, s.last_seq - $4::bigint + 1,
    coalesce((
      SELECT k.seq FROM user_events k
      WHERE k.user_sid = s.sid AND k.seq >= s.first_seq AND k.created_at >= $3::timestamptz
      ORDER BY k.seq LIMIT 1), s.last_seq + 1)) END AS keep_from
FROM (
  SELECT user_sid AS sid, first_seq, last_seq FROM user_streams WHERE user_sid > $1 ORDER BY user_sid LIMIT $2) s
LEFT JOIN user_events e ON e.user_sid = s.sid AND e.seq = s.first_seq
ORDER BY s.sid;

-- name: move_user_start
-- user_sid, keep_from
UPDATE user_streams SET first_seq = $2 WHERE user_sid = $1 AND first_seq < $2 AND last_seq >= $2 - 1;

-- name: delete_user_events
-- user_sid, keep_from, rows; answers with the number of deleted rows
WITH gone AS (
  DELETE FROM user_events WHERE user_sid = $1 AND seq IN (
    SELECT seq FROM user_events WHERE user_sid = $1 AND seq < $2 ORDER BY seq LIMIT $3)
  RETURNING 1)
SELECT count(*) AS count FROM gone;

-- name: expire_jobs
-- rows; answers with the kind of each job that was deleted. A job in work is left to its worker until the lease ends
-- Where a service keeps a log of its pushes, it says which came too late. What is in a job may be anything.
WITH late AS (
  SELECT id FROM outbox
  WHERE expires_at < now() AND (claimed_by IS NULL OR due_at <= now())
  ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED),
gone AS (
  DELETE FROM outbox o USING late WHERE o.id = late.id
  RETURNING o.kind, o.service_sid, o.job),
devices AS (
  INSERT INTO push_log (
    service_sid, user_sid, at, push_id, binding_sid, provider, address_end, event, message_sid, outcome, attempt,
    milliseconds)
  SELECT
    g.service_sid, u.sid, now(), g.job ->> 'push_id', g.job ->> 'binding_sid',
    CASE g.job ->> 'kind' WHEN 'apn' THEN 'apn' ELSE 'fcm' END, right(g.job ->> 'address', 6), g.job ->> 'event',
    g.job ->> 'message_sid', 'expired', 0, 0
  FROM gone g JOIN users u ON u.sid = g.job ->> 'user_sid'
  WHERE g.kind = 'push_retry' AND g.job -> 'logged' = 'true' AND g.job ->> 'event' IS NOT NULL
  FOR KEY SHARE OF u),
events AS (
  INSERT INTO push_log (service_sid, at, event, message_sid, outcome, attempt, milliseconds)
  SELECT g.service_sid, now(), g.job ->> 'event', g.job ->> 'message_sid', 'expired', 0, 0
  FROM gone g JOIN services s ON s.sid = g.service_sid
  WHERE g.kind = 'push' AND g.job ->> 'event' IS NOT NULL
    AND 'true' IN (s.notifications ->> 'log_enabled', s.conversation_notifications ->> 'log_enabled'))
SELECT kind FROM gone;

-- name: forget_dead_jobs
-- age (interval)
DELETE FROM outbox_dead WHERE died_at < now() - $1::interval;

-- name: outbox_state
SELECT kind, count(*) AS depth, extract(epoch FROM now() - min(created_at))::float8 AS oldest
FROM outbox GROUP BY kind;

-- name: due_purges
-- rows
SELECT sid FROM purges WHERE due_at <= now() ORDER BY due_at, sid LIMIT $1;

-- name: purge_messages
-- channel_sid, rows; answers with the number of deleted rows
WITH gone AS (
  DELETE FROM messages WHERE channel_sid = $1 AND index IN (
    SELECT index FROM messages WHERE channel_sid = $1 ORDER BY index LIMIT $2)
  RETURNING 1)
SELECT count(*) AS count FROM gone;

-- name: purge_deleted_messages
-- channel_sid
DELETE FROM deleted_messages WHERE channel_sid = $1;

-- name: purge_channels_of_service
-- service_sid, rows; answers with the sids, which are to be purged themselves from now on
WITH gone AS (
  DELETE FROM channels WHERE sid IN (
    SELECT sid FROM channels WHERE service_sid = $1 ORDER BY sid LIMIT $2 FOR UPDATE)
  RETURNING sid)
INSERT INTO purges (sid, due_at) SELECT sid, now() FROM gone ON CONFLICT (sid) DO UPDATE SET due_at = now()
RETURNING sid;

-- name: purge_users_of_service
-- service_sid, rows; answers with the sids, which are to be purged themselves from now on
WITH gone AS (
  DELETE FROM users WHERE sid IN (
    SELECT sid FROM users WHERE service_sid = $1 ORDER BY sid LIMIT $2 FOR UPDATE)
  RETURNING sid)
INSERT INTO purges (sid, due_at) SELECT sid, now() FROM gone ON CONFLICT (sid) DO UPDATE SET due_at = now()
RETURNING sid;

-- name: purge_jobs_of_service
-- service_sid
DELETE FROM outbox WHERE service_sid = $1;

-- name: purge_service
-- sid
DELETE FROM services WHERE sid = $1 AND deleted_at IS NOT NULL;

-- name: forget_purge
-- sid
DELETE FROM purges WHERE sid = $1;
