-- name: lock_channels
-- sid to start after, rows; locked as by every command that counts
SELECT sid FROM channels WHERE sid > $1 ORDER BY sid LIMIT $2 FOR NO KEY UPDATE;

-- name: fix_channels
-- sids, locked; answers with those that were wrong
UPDATE channels c SET
  members_count = f.members, deleted_count = f.deleted, last_message_index = f.index, last_message_sid = f.message_sid,
  last_message_at = f.at
FROM (
  SELECT
    s.sid, l.index, l.sid AS message_sid, l.date_created AS at,
    (SELECT count(*) FROM members m WHERE m.channel_sid = s.sid) AS members,
    (SELECT count(*) FROM deleted_messages d WHERE d.channel_sid = s.sid) AS deleted
  FROM unnest($1::text[]) AS s (sid)
  LEFT JOIN LATERAL (
    SELECT m.index, m.sid, m.date_created FROM messages m WHERE m.channel_sid = s.sid ORDER BY m.index DESC LIMIT 1) l
    ON true) f
WHERE c.sid = f.sid AND (c.members_count, c.deleted_count, c.last_message_index, c.last_message_sid)
  IS DISTINCT FROM (f.members, f.deleted, f.index, f.message_sid)
RETURNING c.sid;

-- name: lock_users
-- user_sid to start after, rows; locked as by every command that counts
SELECT user_sid AS sid FROM user_streams WHERE user_sid > $1 ORDER BY user_sid LIMIT $2 FOR NO KEY UPDATE;

-- name: fix_users
-- user_sids, locked; answers with those that were wrong
UPDATE user_streams u SET joined_count = f.joined
FROM (
  SELECT s.sid, (SELECT count(*) FROM members m WHERE m.user_sid = s.sid) AS joined FROM unnest($1::text[]) AS s (sid)) f
WHERE u.user_sid = f.sid AND u.joined_count <> f.joined
RETURNING u.user_sid AS sid;
