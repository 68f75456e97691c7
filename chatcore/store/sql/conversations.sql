-- name: list_after
-- service_sid, since, until, state, cursor date, cursor sid, limit, offset; since is included, until is not, the state may
-- be null
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index, deleted_count,
  last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state,
  state_updated, inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left,
  date_created, date_updated
FROM channels
WHERE
  service_sid = $1 AND type = 'private' AND date_created >= $2 AND date_created < $3
  AND ($4::text IS NULL OR state = $4) AND (date_created, sid) > ($5, $6)
ORDER BY date_created, sid LIMIT $7 OFFSET $8;

-- name: list_before
-- service_sid, since, until, state, cursor date, cursor sid, limit, offset; since is included, until is not, the state may
-- be null; newest first
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index, deleted_count,
  last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state,
  state_updated, inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left,
  date_created, date_updated
FROM channels
WHERE
  service_sid = $1 AND type = 'private' AND date_created >= $2 AND date_created < $3
  AND ($4::text IS NULL OR state = $4) AND (date_created, sid) < ($5, $6)
ORDER BY date_created DESC, sid DESC LIMIT $7 OFFSET $8;

-- name: participants_after
-- channel_sid, cursor date, cursor sid, limit, offset
WITH page AS (
  SELECT sid, date_created FROM (
    (SELECT sid, date_created FROM members WHERE channel_sid = $1 AND (date_created, sid) > ($2, $3)
      ORDER BY date_created, sid LIMIT $4::bigint + $5::bigint)
    UNION ALL
    (SELECT sid, date_created FROM guests WHERE channel_sid = $1 AND (date_created, sid) > ($2, $3)
      ORDER BY date_created, sid LIMIT $4::bigint + $5::bigint)) e
  ORDER BY date_created, sid LIMIT $4 OFFSET $5)
SELECT
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid,
  m.user_sid AS member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid,
  m.attributes AS member_attributes, m.notification_level AS member_notification_level,
  m.last_consumed_message_index AS member_last_consumed_message_index,
  m.last_consumption_timestamp AS member_last_consumption_timestamp, m.date_created AS member_date_created,
  m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created AS member_roster_created,
  m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position, g.sid AS guest_sid, g.service_sid AS guest_service_sid,
  g.channel_sid AS guest_channel_sid, g.type AS guest_type, g.address AS guest_address,
  g.proxy_address AS guest_proxy_address, g.projected_address AS guest_projected_address, g.name AS guest_name,
  g.level AS guest_level, g.role_sid AS guest_role_sid, g.attributes AS guest_attributes,
  g.last_read_message_index AS guest_last_read_message_index, g.last_read_timestamp AS guest_last_read_timestamp,
  g.date_created AS guest_date_created, g.date_updated AS guest_date_updated, g.rev AS guest_rev,
  g.roster_created AS guest_roster_created, g.roster_position AS guest_roster_position
FROM page p
LEFT JOIN members m ON m.sid = p.sid
LEFT JOIN guests g ON g.sid = p.sid
ORDER BY p.date_created, p.sid;

-- name: participants_before
-- channel_sid, cursor date, cursor sid, limit, offset; newest first
WITH page AS (
  SELECT sid, date_created FROM (
    (SELECT sid, date_created FROM members WHERE channel_sid = $1 AND (date_created, sid) < ($2, $3)
      ORDER BY date_created DESC, sid DESC LIMIT $4::bigint + $5::bigint)
    UNION ALL
    (SELECT sid, date_created FROM guests WHERE channel_sid = $1 AND (date_created, sid) < ($2, $3)
      ORDER BY date_created DESC, sid DESC LIMIT $4::bigint + $5::bigint)) e
  ORDER BY date_created DESC, sid DESC LIMIT $4 OFFSET $5)
SELECT
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid,
  m.user_sid AS member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid,
  m.attributes AS member_attributes, m.notification_level AS member_notification_level,
  m.last_consumed_message_index AS member_last_consumed_message_index,
  m.last_consumption_timestamp AS member_last_consumption_timestamp, m.date_created AS member_date_created,
  m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created AS member_roster_created,
  m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position, g.sid AS guest_sid, g.service_sid AS guest_service_sid,
  g.channel_sid AS guest_channel_sid, g.type AS guest_type, g.address AS guest_address,
  g.proxy_address AS guest_proxy_address, g.projected_address AS guest_projected_address, g.name AS guest_name,
  g.level AS guest_level, g.role_sid AS guest_role_sid, g.attributes AS guest_attributes,
  g.last_read_message_index AS guest_last_read_message_index, g.last_read_timestamp AS guest_last_read_timestamp,
  g.date_created AS guest_date_created, g.date_updated AS guest_date_updated, g.rev AS guest_rev,
  g.roster_created AS guest_roster_created, g.roster_position AS guest_roster_position
FROM page p
LEFT JOIN members m ON m.sid = p.sid
LEFT JOIN guests g ON g.sid = p.sid
ORDER BY p.date_created DESC, p.sid DESC;

-- name: of_user_after
-- user_sid, cursor date, cursor sid, limit, offset
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated, c.inactive_after, c.closed_after, c.date_inactive,
  c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid,
  m.user_sid AS member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid,
  m.attributes AS member_attributes, m.notification_level AS member_notification_level,
  m.last_consumed_message_index AS member_last_consumed_message_index,
  m.last_consumption_timestamp AS member_last_consumption_timestamp, m.date_created AS member_date_created,
  m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created AS member_roster_created,
  m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position
FROM members m JOIN channels c ON c.sid = m.channel_sid
WHERE m.user_sid = $1 AND c.type = 'private' AND (m.date_created, m.sid) > ($2, $3)
ORDER BY m.date_created, m.sid LIMIT $4 OFFSET $5;

-- name: of_user_before
-- user_sid, cursor date, cursor sid, limit, offset; newest first
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated, c.inactive_after, c.closed_after, c.date_inactive,
  c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid,
  m.user_sid AS member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid,
  m.attributes AS member_attributes, m.notification_level AS member_notification_level,
  m.last_consumed_message_index AS member_last_consumed_message_index,
  m.last_consumption_timestamp AS member_last_consumption_timestamp, m.date_created AS member_date_created,
  m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created AS member_roster_created,
  m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position
FROM members m JOIN channels c ON c.sid = m.channel_sid
WHERE m.user_sid = $1 AND c.type = 'private' AND (m.date_created, m.sid) < ($2, $3)
ORDER BY m.date_created DESC, m.sid DESC LIMIT $4 OFFSET $5;

-- name: of_address_after
-- service_sid, address, cursor date, cursor sid, limit, offset
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated, c.inactive_after, c.closed_after, c.date_inactive,
  c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  g.sid AS guest_sid, g.service_sid AS guest_service_sid, g.channel_sid AS guest_channel_sid, g.type AS guest_type,
  g.address AS guest_address, g.proxy_address AS guest_proxy_address, g.projected_address AS guest_projected_address,
  g.name AS guest_name, g.level AS guest_level, g.role_sid AS guest_role_sid, g.attributes AS guest_attributes,
  g.last_read_message_index AS guest_last_read_message_index, g.last_read_timestamp AS guest_last_read_timestamp,
  g.date_created AS guest_date_created, g.date_updated AS guest_date_updated, g.rev AS guest_rev,
  g.roster_created AS guest_roster_created, g.roster_position AS guest_roster_position
FROM guests g JOIN channels c ON c.sid = g.channel_sid
WHERE g.service_sid = $1 AND g.address = $2 AND (g.date_created, g.sid) > ($3, $4)
ORDER BY g.date_created, g.sid LIMIT $5 OFFSET $6;

-- name: of_address_before
-- service_sid, address, cursor date, cursor sid, limit, offset; newest first
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated, c.inactive_after, c.closed_after, c.date_inactive,
  c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  g.sid AS guest_sid, g.service_sid AS guest_service_sid, g.channel_sid AS guest_channel_sid, g.type AS guest_type,
  g.address AS guest_address, g.proxy_address AS guest_proxy_address, g.projected_address AS guest_projected_address,
  g.name AS guest_name, g.level AS guest_level, g.role_sid AS guest_role_sid, g.attributes AS guest_attributes,
  g.last_read_message_index AS guest_last_read_message_index, g.last_read_timestamp AS guest_last_read_timestamp,
  g.date_created AS guest_date_created, g.date_updated AS guest_date_updated, g.rev AS guest_rev,
  g.roster_created AS guest_roster_created, g.roster_position AS guest_roster_position
FROM guests g JOIN channels c ON c.sid = g.channel_sid
WHERE g.service_sid = $1 AND g.address = $2 AND (g.date_created, g.sid) < ($3, $4)
ORDER BY g.date_created DESC, g.sid DESC LIMIT $5 OFFSET $6;
