-- What names a person outside the rows that go with the user itself. A table that comes to hold identities gets two
-- statements here, `count_x` and `erase_x`, and its name in TRACES.

-- name: belongings
-- user_sid
SELECT
  (SELECT count(*) FROM members WHERE user_sid = $1) AS memberships,
  (SELECT count(*) FROM invites WHERE user_sid = $1) AS invites,
  (SELECT count(*) FROM bindings WHERE user_sid = $1) AS devices,
  (SELECT count(*) FROM push_log WHERE user_sid = $1) AS pushes;

-- name: messages
-- channel_sids, lowest indexes, indexes to stop before, identity
SELECT m.channel_sid, m.index, m.author = $4 AS own
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS w (sid, low, high)
JOIN messages m ON m.channel_sid = w.sid AND m.index >= w.low AND m.index < w.high
WHERE m.author = $4 OR m.last_updated_by = $4
ORDER BY m.channel_sid, m.index;

-- name: rename_message
-- channel_sid, index, identity, pseudonym; for messages that no command may change any more
UPDATE messages SET
  author = CASE WHEN author = $3 THEN $4 ELSE author END,
  last_updated_by = CASE WHEN last_updated_by = $3 THEN $4 ELSE last_updated_by END
WHERE channel_sid = $1 AND index = $2;

-- name: count_channels
-- service_sid, identity
SELECT count(*) AS count FROM channels WHERE service_sid = $1 AND created_by = $2;

-- name: erase_channels
-- service_sid, identity, pseudonym, rows
UPDATE channels SET created_by = $3 WHERE sid IN (
  SELECT sid FROM channels WHERE service_sid = $1 AND created_by = $2 ORDER BY sid LIMIT $4 FOR NO KEY UPDATE)
RETURNING 1;

-- name: count_invites
-- service_sid, identity
SELECT count(*) AS count FROM invites WHERE service_sid = $1 AND created_by = $2;

-- name: erase_invites
-- service_sid, identity, pseudonym, rows
UPDATE invites SET created_by = $3 WHERE sid IN (
  SELECT sid FROM invites WHERE service_sid = $1 AND created_by = $2 ORDER BY sid LIMIT $4 FOR NO KEY UPDATE)
RETURNING 1;

-- name: count_media
-- service_sid, identity
SELECT count(*) AS count FROM media WHERE service_sid = $1 AND author = $2;

-- name: erase_media
-- service_sid, identity, pseudonym, rows
UPDATE media SET author = $3 WHERE sid IN (
  SELECT sid FROM media WHERE service_sid = $1 AND author = $2 ORDER BY sid LIMIT $4 FOR NO KEY UPDATE)
RETURNING 1;

-- name: count_dead_jobs
-- service_sid, identity
SELECT count(*) AS count FROM outbox_dead
WHERE service_sid = $1 AND jsonb_path_exists(job, '$.** ? (@ == $who)', jsonb_build_object('who', $2::text));

-- name: erase_dead_jobs
-- service_sid, identity, pseudonym (not needed: the jobs go), rows
DELETE FROM outbox_dead WHERE id IN (
  SELECT id FROM outbox_dead
  WHERE service_sid = $1 AND jsonb_path_exists(job, '$.** ? (@ == $who)', jsonb_build_object('who', $2::text))
    AND $3::text IS NOT NULL
  ORDER BY id LIMIT $4)
RETURNING 1;

-- name: close_log
-- channel_sid; the log is empty from now on, its rows are to be deleted
UPDATE channels SET first_seq = last_seq + 1 WHERE sid = $1 AND first_seq <= last_seq RETURNING first_seq;

-- name: empty_log
-- channel_sid, first_seq, rows
DELETE FROM channel_events WHERE channel_sid = $1 AND seq IN (
  SELECT seq FROM channel_events WHERE channel_sid = $1 AND seq < $2 ORDER BY seq LIMIT $3)
RETURNING 1;
