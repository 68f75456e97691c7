-- name: insert
-- sid, service_sid, identity, friendly_name, attributes, role_sid, rev, date_created, date_updated,
-- last_seq, epoch, joined_count, info_position
WITH made AS (
  INSERT INTO users (sid, service_sid, identity, friendly_name, attributes, role_sid, rev, date_created, date_updated)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  RETURNING sid)
INSERT INTO user_streams (user_sid, last_seq, first_seq, epoch, joined_count, info_position)
SELECT sid, $10::bigint, $10::bigint + 1, $11::text, $12::integer, $13::bigint FROM made;

-- name: insert_if_absent
-- the same as insert; answers with the sid if a row was made
WITH made AS (
  INSERT INTO users (sid, service_sid, identity, friendly_name, attributes, role_sid, rev, date_created, date_updated)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT ON CONSTRAINT users_identity DO NOTHING
  RETURNING sid)
INSERT INTO user_streams (user_sid, last_seq, first_seq, epoch, joined_count, info_position)
SELECT sid, $10::bigint, $10::bigint + 1, $11::text, $12::integer, $13::bigint FROM made
RETURNING user_sid;

-- name: by_sid
-- service_sid, sid
SELECT
  u.sid, u.service_sid, u.identity, u.friendly_name, u.attributes, u.role_sid, u.rev, u.date_created, u.date_updated,
  s.last_seq, s.epoch, s.joined_count, s.info_position
FROM users u JOIN user_streams s ON s.user_sid = u.sid
WHERE u.sid = $2 AND u.service_sid = $1;

-- name: by_identities
-- service_sid, identities
SELECT
  u.sid, u.service_sid, u.identity, u.friendly_name, u.attributes, u.role_sid, u.rev, u.date_created, u.date_updated,
  s.last_seq, s.epoch, s.joined_count, s.info_position
FROM users u JOIN user_streams s ON s.user_sid = u.sid
WHERE u.service_sid = $1 AND u.identity = ANY ($2::text[]);

-- name: list_after
-- service_sid, cursor date, cursor sid, limit, offset
SELECT
  u.sid, u.service_sid, u.identity, u.friendly_name, u.attributes, u.role_sid, u.rev, u.date_created, u.date_updated,
  s.last_seq, s.epoch, s.joined_count, s.info_position
FROM users u JOIN user_streams s ON s.user_sid = u.sid
WHERE u.service_sid = $1 AND (u.date_created, u.sid) > ($2, $3)
ORDER BY u.date_created, u.sid LIMIT $4 OFFSET $5;

-- name: list_before
-- service_sid, cursor date, cursor sid, limit, offset; newest first
SELECT
  u.sid, u.service_sid, u.identity, u.friendly_name, u.attributes, u.role_sid, u.rev, u.date_created, u.date_updated,
  s.last_seq, s.epoch, s.joined_count, s.info_position
FROM users u JOIN user_streams s ON s.user_sid = u.sid
WHERE u.service_sid = $1 AND (u.date_created, u.sid) < ($2, $3)
ORDER BY u.date_created DESC, u.sid DESC LIMIT $4 OFFSET $5;

-- name: update
-- sid, friendly_name, attributes, role_sid, rev, date_created, date_updated
UPDATE users SET friendly_name = $2, attributes = $3, role_sid = $4, rev = $5, date_created = $6, date_updated = $7
WHERE sid = $1;

-- name: delete
-- sid; stream, memberships and invites go along (ON DELETE CASCADE), the log later
WITH gone AS (DELETE FROM users WHERE sid = $1 RETURNING sid)
INSERT INTO purges (sid, due_at) SELECT sid, now() FROM gone ON CONFLICT (sid) DO NOTHING;

-- name: permissions
-- service_sid, identity
SELECT r.permissions
FROM users u LEFT JOIN roles r ON r.sid = u.role_sid
WHERE u.service_sid = $1 AND u.identity = $2;

-- name: lock_streams
-- sids
SELECT user_sid, last_seq, epoch, joined_count, info_position
FROM user_streams WHERE user_sid = ANY ($1::text[])
ORDER BY user_sid FOR NO KEY UPDATE;

-- name: save_streams
-- user_sids, last_seqs, epochs, joined_counts, info_positions
UPDATE user_streams s
SET last_seq = w.last_seq, epoch = w.epoch, joined_count = w.joined_count, info_position = w.info_position
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::integer[], $5::bigint[])
  AS w (user_sid, last_seq, epoch, joined_count, info_position)
WHERE s.user_sid = w.user_sid;
