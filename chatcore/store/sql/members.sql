-- name: insert
-- sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
-- last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
-- roster_position, own_created, own_position
INSERT INTO members (
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- name: by_sid
-- channel_sid, sid
SELECT
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position
FROM members WHERE sid = $2 AND channel_sid = $1;

-- name: by_identity
-- channel_sid, identity
SELECT
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position
FROM members WHERE channel_sid = $1 AND identity = $2;

-- name: list_after
-- channel_sid, cursor date, cursor sid, limit, offset
SELECT
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position
FROM members WHERE channel_sid = $1 AND (date_created, sid) > ($2, $3)
ORDER BY date_created, sid LIMIT $4 OFFSET $5;

-- name: list_before
-- channel_sid, cursor date, cursor sid, limit, offset; newest first
SELECT
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position
FROM members WHERE channel_sid = $1 AND (date_created, sid) < ($2, $3)
ORDER BY date_created DESC, sid DESC LIMIT $4 OFFSET $5;

-- name: list_named_after
-- channel_sid, identities, cursor date, cursor sid, limit, offset
SELECT
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position
FROM members WHERE channel_sid = $1 AND identity = ANY ($2::text[]) AND (date_created, sid) > ($3, $4)
ORDER BY date_created, sid LIMIT $5 OFFSET $6;

-- name: list_named_before
-- channel_sid, identities, cursor date, cursor sid, limit, offset; newest first
SELECT
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position
FROM members WHERE channel_sid = $1 AND identity = ANY ($2::text[]) AND (date_created, sid) < ($3, $4)
ORDER BY date_created DESC, sid DESC LIMIT $5 OFFSET $6;

-- name: of_channel
-- channel_sid
SELECT
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position
FROM members WHERE channel_sid = $1 ORDER BY date_created, sid;

-- name: of_user
-- user_sid
SELECT
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position
FROM members WHERE user_sid = $1 ORDER BY channel_sid;

-- name: update
-- sid, role_sid, attributes, notification_level, last_consumed_message_index, last_consumption_timestamp, date_created,
-- date_updated, rev, roster_position, own_position
-- Horizons are reported without the channel's lock: where one was, after the caller read the member, it stays.
UPDATE members SET
  role_sid = $2, attributes = $3, notification_level = $4,
  last_consumed_message_index = CASE WHEN roster_position > $10 THEN last_consumed_message_index ELSE $5 END,
  last_consumption_timestamp = CASE WHEN roster_position > $10 THEN last_consumption_timestamp ELSE $6 END,
  date_created = $7, date_updated = $8, rev = $9, roster_position = greatest(roster_position, $10), own_position = $11
WHERE sid = $1;

-- name: delete
-- sid
DELETE FROM members WHERE sid = $1;

-- name: next_roster_position
-- channel_sid
UPDATE roster_positions SET position = position + 1 WHERE channel_sid = $1 RETURNING position;

-- name: lock_rosters
-- channel_sids, identities, indexes, times, force
-- Locks the roster positions of those channels in which at least one report would change something.
SELECT channel_sid FROM roster_positions
WHERE channel_sid IN (
  SELECT m.channel_sid
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::boolean[])
    AS w (channel_sid, identity, index, at, force)
  JOIN members m ON m.channel_sid = w.channel_sid AND m.identity = w.identity
  JOIN channels c ON c.sid = w.channel_sid
  WHERE CASE
    WHEN w.index IS NULL THEN m.last_consumed_message_index IS NOT NULL OR m.last_consumption_timestamp IS NOT NULL
    WHEN c.next_index = 0 THEN false
    WHEN w.force THEN
      m.last_consumed_message_index IS DISTINCT FROM least(w.index, c.next_index - 1)
      OR w.at IS NOT NULL AND m.last_consumption_timestamp IS DISTINCT FROM w.at
    ELSE least(w.index, c.next_index - 1) > coalesce(m.last_consumed_message_index, -1) END)
ORDER BY channel_sid FOR NO KEY UPDATE;

-- name: report
-- channel_sids, identities, indexes, times, force, now, locked channel_sids
WITH held AS MATERIALIZED (
  SELECT
    m.sid, m.channel_sid, c.next_index, c.deleted_count,
    CASE WHEN w.index IS NOT NULL THEN least(w.index, c.next_index - 1) END AS index,
    CASE WHEN w.index IS NOT NULL THEN coalesce(w.at, $6) END AS at
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::boolean[])
    AS w (channel_sid, identity, index, at, force)
  JOIN members m ON m.channel_sid = w.channel_sid AND m.identity = w.identity
  JOIN channels c ON c.sid = w.channel_sid
  WHERE w.channel_sid = ANY ($7::text[]) AND CASE
    WHEN w.index IS NULL THEN m.last_consumed_message_index IS NOT NULL OR m.last_consumption_timestamp IS NOT NULL
    WHEN c.next_index = 0 THEN false
    WHEN w.force THEN
      m.last_consumed_message_index IS DISTINCT FROM least(w.index, c.next_index - 1)
      OR w.at IS NOT NULL AND m.last_consumption_timestamp IS DISTINCT FROM w.at
    ELSE least(w.index, c.next_index - 1) > coalesce(m.last_consumed_message_index, -1) END
  ORDER BY m.sid FOR NO KEY UPDATE OF m),
moved AS (
  UPDATE roster_positions p SET position = p.position + 1
  FROM (SELECT DISTINCT channel_sid FROM held) d
  WHERE p.channel_sid = d.channel_sid
  RETURNING p.channel_sid, p.position)
UPDATE members m SET
  last_consumed_message_index = h.index, last_consumption_timestamp = h.at, date_updated = $6,
  roster_position = moved.position
FROM held h JOIN moved ON moved.channel_sid = h.channel_sid
WHERE m.sid = h.sid
RETURNING
  m.sid, m.service_sid, m.channel_sid, m.user_sid, m.identity, m.role_sid, m.attributes, m.notification_level,
  m.last_consumed_message_index, m.last_consumption_timestamp, m.date_created, m.date_updated, m.rev,
  m.roster_created, m.roster_position, m.own_created, m.own_position,
  CASE WHEN h.index IS NOT NULL THEN
    h.next_index - 1 - h.index - CASE WHEN h.deleted_count = 0 THEN 0 ELSE (
      SELECT count(*) FROM deleted_messages d WHERE d.channel_sid = h.channel_sid AND d.index > h.index) END
  END AS unread;

-- name: set_own_positions
-- sids, own_positions
UPDATE members m SET own_position = w.own_position
FROM unnest($1::text[], $2::bigint[]) AS w (sid, own_position)
WHERE m.sid = w.sid;

-- name: unread
-- channel_sid, identity
SELECT
  c.next_index - c.deleted_count AS messages_count, m.last_consumed_message_index, m.last_consumption_timestamp,
  CASE WHEN m.last_consumed_message_index IS NOT NULL THEN
    c.next_index - 1 - m.last_consumed_message_index - CASE WHEN c.deleted_count = 0 THEN 0 ELSE (
      SELECT count(*) FROM deleted_messages d
      WHERE d.channel_sid = c.sid AND d.index > m.last_consumed_message_index) END
  END AS unread
FROM members m JOIN channels c ON c.sid = m.channel_sid
WHERE m.channel_sid = $1 AND m.identity = $2;
