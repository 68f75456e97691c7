-- name: roots
-- service_sid, user_sid, channel_sids; what one user sees of channels
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated, c.inactive_after, c.closed_after, c.date_inactive,
  c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid, m.user_sid AS
  member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid, m.attributes AS member_attributes,
  m.notification_level AS member_notification_level, m.last_consumed_message_index AS
  member_last_consumed_message_index, m.last_consumption_timestamp AS member_last_consumption_timestamp,
  m.date_created AS member_date_created, m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created
  AS member_roster_created, m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position,
  i.sid AS invite_sid, i.service_sid AS invite_service_sid, i.channel_sid AS invite_channel_sid, i.user_sid AS
  invite_user_sid, i.identity AS invite_identity, i.role_sid AS invite_role_sid, i.created_by AS invite_created_by,
  i.date_created AS invite_date_created, i.date_updated AS invite_date_updated, i.own_position AS invite_own_position,
  p.position AS roster_position
FROM unnest($3::text[]) AS w (sid)
JOIN channels c ON c.sid = w.sid
JOIN roster_positions p ON p.channel_sid = c.sid
LEFT JOIN members m ON m.channel_sid = c.sid AND m.user_sid = $2
LEFT JOIN invites i ON i.channel_sid = c.sid AND i.user_sid = $2
WHERE c.service_sid = $1;

-- name: own_up
-- user_sid, key, limit
WITH page AS (
  SELECT channel_sid FROM (
    SELECT channel_sid FROM members WHERE user_sid = $1 AND channel_sid >= $2
    UNION ALL
    SELECT channel_sid FROM invites WHERE user_sid = $1 AND channel_sid >= $2) e
  ORDER BY channel_sid LIMIT $3)
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated, c.inactive_after, c.closed_after, c.date_inactive,
  c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid, m.user_sid AS
  member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid, m.attributes AS member_attributes,
  m.notification_level AS member_notification_level, m.last_consumed_message_index AS
  member_last_consumed_message_index, m.last_consumption_timestamp AS member_last_consumption_timestamp,
  m.date_created AS member_date_created, m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created
  AS member_roster_created, m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position,
  i.sid AS invite_sid, i.service_sid AS invite_service_sid, i.channel_sid AS invite_channel_sid, i.user_sid AS
  invite_user_sid, i.identity AS invite_identity, i.role_sid AS invite_role_sid, i.created_by AS invite_created_by,
  i.date_created AS invite_date_created, i.date_updated AS invite_date_updated, i.own_position AS invite_own_position,
  p.position AS roster_position
FROM page w
JOIN channels c ON c.sid = w.channel_sid
JOIN roster_positions p ON p.channel_sid = c.sid
LEFT JOIN members m ON m.channel_sid = c.sid AND m.user_sid = $1
LEFT JOIN invites i ON i.channel_sid = c.sid AND i.user_sid = $1
ORDER BY c.sid;

-- name: own_down
-- user_sid, key, limit
WITH page AS (
  SELECT channel_sid FROM (
    SELECT channel_sid FROM members WHERE user_sid = $1 AND channel_sid <= $2
    UNION ALL
    SELECT channel_sid FROM invites WHERE user_sid = $1 AND channel_sid <= $2) e
  ORDER BY channel_sid DESC LIMIT $3)
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated, c.inactive_after, c.closed_after, c.date_inactive,
  c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid, m.user_sid AS
  member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid, m.attributes AS member_attributes,
  m.notification_level AS member_notification_level, m.last_consumed_message_index AS
  member_last_consumed_message_index, m.last_consumption_timestamp AS member_last_consumption_timestamp,
  m.date_created AS member_date_created, m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created
  AS member_roster_created, m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position,
  i.sid AS invite_sid, i.service_sid AS invite_service_sid, i.channel_sid AS invite_channel_sid, i.user_sid AS
  invite_user_sid, i.identity AS invite_identity, i.role_sid AS invite_role_sid, i.created_by AS invite_created_by,
  i.date_created AS invite_date_created, i.date_updated AS invite_date_updated, i.own_position AS invite_own_position,
  p.position AS roster_position
FROM page w
JOIN channels c ON c.sid = w.channel_sid
JOIN roster_positions p ON p.channel_sid = c.sid
LEFT JOIN members m ON m.channel_sid = c.sid AND m.user_sid = $1
LEFT JOIN invites i ON i.channel_sid = c.sid AND i.user_sid = $1
ORDER BY c.sid DESC;

-- name: changed_rosters
-- channel_sids, positions, moment; horizons are told of later than they are stored, so young ones count as changed
SELECT
  m.sid, m.service_sid, m.channel_sid, m.user_sid, m.identity, m.role_sid, m.attributes, m.notification_level,
  m.last_consumed_message_index, m.last_consumption_timestamp, m.date_created, m.date_updated, m.rev, m.roster_created,
  m.roster_position, m.own_created, m.own_position
FROM unnest($1::text[], $2::bigint[]) AS w (sid, position)
JOIN members m ON m.channel_sid = w.sid AND (m.roster_position > w.position OR m.last_consumption_timestamp > $3)
ORDER BY m.channel_sid, m.roster_position, m.sid;

-- name: changed_guests
-- channel_sid, position
SELECT
  sid, service_sid, channel_sid, type, address, proxy_address, projected_address, name, level, role_sid, attributes,
  last_read_message_index, last_read_timestamp, date_created, date_updated, rev, roster_created, roster_position
FROM guests WHERE channel_sid = $1 AND roster_position > $2 ORDER BY roster_position, sid;

-- name: left
-- channel_sid, position, limit; the members that are left had it when they changed last, so whoever went after that
-- has a greater offset
SELECT e.payload FROM channel_events e
WHERE e.channel_sid = $1 AND e.type = 'member.left' AND e.seq > coalesce((
  SELECT max(m.rev) FROM members m WHERE m.channel_sid = $1 AND m.roster_position <= $2), 0)
ORDER BY e.seq DESC LIMIT $3;

-- name: members_up
-- channel_sid, key, limit
SELECT
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position
FROM members WHERE channel_sid = $1 AND sid >= $2 ORDER BY sid LIMIT $3;

-- name: members_down
-- channel_sid, key, limit
SELECT
  sid, service_sid, channel_sid, user_sid, identity, role_sid, attributes, notification_level,
  last_consumed_message_index, last_consumption_timestamp, date_created, date_updated, rev, roster_created,
  roster_position, own_created, own_position
FROM members WHERE channel_sid = $1 AND sid <= $2 ORDER BY sid DESC LIMIT $3;

-- name: guests_up
-- channel_sid, key, limit
SELECT
  sid, service_sid, channel_sid, type, address, proxy_address, projected_address, name, level, role_sid, attributes,
  last_read_message_index, last_read_timestamp, date_created, date_updated, rev, roster_created, roster_position
FROM guests WHERE channel_sid = $1 AND sid >= $2 ORDER BY sid LIMIT $3;

-- name: guests_down
-- channel_sid, key, limit
SELECT
  sid, service_sid, channel_sid, type, address, proxy_address, projected_address, name, level, role_sid, attributes,
  last_read_message_index, last_read_timestamp, date_created, date_updated, rev, roster_created, roster_position
FROM guests WHERE channel_sid = $1 AND sid <= $2 ORDER BY sid DESC LIMIT $3;

-- name: first_members
-- channel_sids, limit; the first page of many rosters
SELECT
  m.sid, m.service_sid, m.channel_sid, m.user_sid, m.identity, m.role_sid, m.attributes, m.notification_level,
  m.last_consumed_message_index, m.last_consumption_timestamp, m.date_created, m.date_updated, m.rev,
  m.roster_created, m.roster_position, m.own_created, m.own_position
FROM unnest($1::text[]) AS w (sid)
CROSS JOIN LATERAL (
  SELECT * FROM members WHERE channel_sid = w.sid ORDER BY sid LIMIT $2) m
ORDER BY m.channel_sid, m.sid;

-- name: users
-- service_sid, user_sids
SELECT
  u.sid, u.service_sid, u.identity, u.friendly_name, u.attributes, u.role_sid, u.rev, u.date_created, u.date_updated,
  s.joined_count, s.info_position, s.last_seq, s.epoch
FROM users u JOIN user_streams s ON s.user_sid = u.sid
WHERE u.sid = ANY ($2::text[]) AND u.service_sid = $1;
