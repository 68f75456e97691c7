-- name: insert
-- sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
-- deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, messaging_service_sid, state,
-- state_updated, inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, epoch,
-- date_created, date_updated
WITH made AS (
  INSERT INTO channels (
    sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
    deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, messaging_service_sid, state,
    state_updated, inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, epoch,
    date_created, date_updated)
  VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28)
  RETURNING sid)
INSERT INTO roster_positions (channel_sid) SELECT sid FROM made;

-- name: save
-- sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index, deleted_count,
-- last_message_index, last_message_sid, last_message_at, rev, last_seq, messaging_service_sid, state, state_updated,
-- inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left,
-- date_created, date_updated
UPDATE channels SET
  friendly_name = $2, unique_name = $3, type = $4, attributes = $5, created_by = $6, members_count = $7,
  next_index = $8, deleted_count = $9, last_message_index = $10, last_message_sid = $11, last_message_at = $12,
  rev = $13, last_seq = $14, messaging_service_sid = $15, state = $16, state_updated = $17, inactive_after = $18,
  closed_after = $19, date_inactive = $20, date_closed = $21, email = $22, webhooks_count = $23, guests_count = $24,
  creator_left = $25, date_created = $26, date_updated = $27
WHERE sid = $1;

-- name: delete
-- sid, purge_at; members, invites and the roster position go along (ON DELETE CASCADE), messages and log later
WITH gone AS (DELETE FROM channels WHERE sid = $1 RETURNING sid)
INSERT INTO purges (sid, due_at) SELECT sid, $2::timestamptz FROM gone ON CONFLICT (sid) DO NOTHING;

-- name: by_sid
-- service_sid, sid
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
  deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state, state_updated,
  inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left, date_created,
  date_updated
FROM channels WHERE sid = $2 AND service_sid = $1;

-- name: lock_by_sid
-- service_sid, sid
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
  deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state, state_updated,
  inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left, date_created,
  date_updated
FROM channels WHERE sid = $2 AND service_sid = $1 FOR NO KEY UPDATE;

-- name: by_unique_name
-- service_sid, unique_name
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
  deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state, state_updated,
  inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left, date_created,
  date_updated
FROM channels WHERE service_sid = $1 AND unique_name = $2;

-- name: lock_by_unique_name
-- service_sid, unique_name
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
  deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state, state_updated,
  inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left, date_created,
  date_updated
FROM channels WHERE service_sid = $1 AND unique_name = $2 FOR NO KEY UPDATE;

-- name: lock
-- sids
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
  deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state, state_updated,
  inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left, date_created,
  date_updated
FROM channels WHERE sid = ANY ($1::text[]) ORDER BY sid FOR NO KEY UPDATE;

-- name: access_by_sid
-- service_sid, sid, identity
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated,
  c.inactive_after, c.closed_after, c.date_inactive, c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid,
  m.user_sid AS member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid,
  m.attributes AS member_attributes, m.notification_level AS member_notification_level,
  m.last_consumed_message_index AS member_last_consumed_message_index,
  m.last_consumption_timestamp AS member_last_consumption_timestamp, m.date_created AS member_date_created,
  m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created AS member_roster_created,
  m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position,
  i.sid AS invite_sid, i.service_sid AS invite_service_sid, i.channel_sid AS invite_channel_sid,
  i.user_sid AS invite_user_sid, i.identity AS invite_identity, i.role_sid AS invite_role_sid,
  i.created_by AS invite_created_by, i.date_created AS invite_date_created, i.date_updated AS invite_date_updated,
  i.own_position AS invite_own_position,
  deployment.permissions AS deployment_permissions, own.permissions AS channel_permissions
FROM channels c
LEFT JOIN users u ON u.service_sid = c.service_sid AND u.identity = $3
LEFT JOIN roles deployment ON deployment.sid = u.role_sid
LEFT JOIN members m ON m.channel_sid = c.sid AND m.identity = $3
LEFT JOIN roles own ON own.sid = m.role_sid
LEFT JOIN invites i ON i.channel_sid = c.sid AND i.identity = $3
WHERE c.sid = $2 AND c.service_sid = $1;

-- name: access_by_unique_name
-- service_sid, unique_name, identity
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated,
  c.inactive_after, c.closed_after, c.date_inactive, c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid,
  m.user_sid AS member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid,
  m.attributes AS member_attributes, m.notification_level AS member_notification_level,
  m.last_consumed_message_index AS member_last_consumed_message_index,
  m.last_consumption_timestamp AS member_last_consumption_timestamp, m.date_created AS member_date_created,
  m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created AS member_roster_created,
  m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position,
  i.sid AS invite_sid, i.service_sid AS invite_service_sid, i.channel_sid AS invite_channel_sid,
  i.user_sid AS invite_user_sid, i.identity AS invite_identity, i.role_sid AS invite_role_sid,
  i.created_by AS invite_created_by, i.date_created AS invite_date_created, i.date_updated AS invite_date_updated,
  i.own_position AS invite_own_position,
  deployment.permissions AS deployment_permissions, own.permissions AS channel_permissions
FROM channels c
LEFT JOIN users u ON u.service_sid = c.service_sid AND u.identity = $3
LEFT JOIN roles deployment ON deployment.sid = u.role_sid
LEFT JOIN members m ON m.channel_sid = c.sid AND m.identity = $3
LEFT JOIN roles own ON own.sid = m.role_sid
LEFT JOIN invites i ON i.channel_sid = c.sid AND i.identity = $3
WHERE c.service_sid = $1 AND c.unique_name = $2;

-- name: list_after
-- service_sid, cursor date, cursor sid, limit, offset
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
  deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state, state_updated,
  inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left, date_created,
  date_updated
FROM channels WHERE service_sid = $1 AND (date_created, sid) > ($2, $3)
ORDER BY date_created, sid LIMIT $4 OFFSET $5;

-- name: list_before
-- service_sid, cursor date, cursor sid, limit, offset; newest first
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
  deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state, state_updated,
  inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left, date_created,
  date_updated
FROM channels WHERE service_sid = $1 AND (date_created, sid) < ($2, $3)
ORDER BY date_created DESC, sid DESC LIMIT $4 OFFSET $5;

-- name: list_typed_after
-- service_sid, type, cursor date, cursor sid, limit, offset
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
  deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state, state_updated,
  inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left, date_created,
  date_updated
FROM channels WHERE service_sid = $1 AND type = $2 AND (date_created, sid) > ($3, $4)
ORDER BY date_created, sid LIMIT $5 OFFSET $6;

-- name: list_typed_before
-- service_sid, type, cursor date, cursor sid, limit, offset; newest first
SELECT
  sid, service_sid, friendly_name, unique_name, type, attributes, created_by, members_count, next_index,
  deleted_count, last_message_index, last_message_sid, last_message_at, rev, last_seq, epoch, messaging_service_sid, state, state_updated,
  inactive_after, closed_after, date_inactive, date_closed, email, webhooks_count, guests_count, creator_left, date_created,
  date_updated
FROM channels WHERE service_sid = $1 AND type = $2 AND (date_created, sid) < ($3, $4)
ORDER BY date_created DESC, sid DESC LIMIT $5 OFFSET $6;

-- name: of_user_after
-- user_sid, joined ones too, invited ones too, type or null, cursor date, cursor sid, limit, offset
-- The cursor is the date and SID of the membership or invite.
WITH page AS (
  SELECT sid, channel_sid, date_created FROM (
    SELECT sid, channel_sid, date_created FROM members WHERE user_sid = $1 AND $2
    UNION ALL
    SELECT sid, channel_sid, date_created FROM invites WHERE user_sid = $1 AND $3) e
  WHERE (date_created, sid) > ($5, $6)
    AND ($4::text IS NULL OR EXISTS (SELECT FROM channels c WHERE c.sid = e.channel_sid AND c.type = $4))
  ORDER BY date_created, sid LIMIT $7 OFFSET $8)
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated,
  c.inactive_after, c.closed_after, c.date_inactive, c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid,
  m.user_sid AS member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid,
  m.attributes AS member_attributes, m.notification_level AS member_notification_level,
  m.last_consumed_message_index AS member_last_consumed_message_index,
  m.last_consumption_timestamp AS member_last_consumption_timestamp, m.date_created AS member_date_created,
  m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created AS member_roster_created,
  m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position,
  i.sid AS invite_sid, i.service_sid AS invite_service_sid, i.channel_sid AS invite_channel_sid,
  i.user_sid AS invite_user_sid, i.identity AS invite_identity, i.role_sid AS invite_role_sid,
  i.created_by AS invite_created_by, i.date_created AS invite_date_created, i.date_updated AS invite_date_updated,
  i.own_position AS invite_own_position,
  CASE WHEN m.last_consumed_message_index IS NOT NULL THEN
    c.next_index - 1 - m.last_consumed_message_index - CASE WHEN c.deleted_count = 0 THEN 0 ELSE (
      SELECT count(*) FROM deleted_messages d
      WHERE d.channel_sid = c.sid AND d.index > m.last_consumed_message_index) END
  END AS unread
FROM page p
JOIN channels c ON c.sid = p.channel_sid
LEFT JOIN members m ON m.sid = p.sid
LEFT JOIN invites i ON i.sid = p.sid
ORDER BY p.date_created, p.sid;

-- name: of_user_before
-- user_sid, joined ones too, invited ones too, type or null, cursor date, cursor sid, limit, offset; newest first
-- The cursor is the date and SID of the membership or invite.
WITH page AS (
  SELECT sid, channel_sid, date_created FROM (
    SELECT sid, channel_sid, date_created FROM members WHERE user_sid = $1 AND $2
    UNION ALL
    SELECT sid, channel_sid, date_created FROM invites WHERE user_sid = $1 AND $3) e
  WHERE (date_created, sid) < ($5, $6)
    AND ($4::text IS NULL OR EXISTS (SELECT FROM channels c WHERE c.sid = e.channel_sid AND c.type = $4))
  ORDER BY date_created DESC, sid DESC LIMIT $7 OFFSET $8)
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated,
  c.inactive_after, c.closed_after, c.date_inactive, c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid,
  m.user_sid AS member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid,
  m.attributes AS member_attributes, m.notification_level AS member_notification_level,
  m.last_consumed_message_index AS member_last_consumed_message_index,
  m.last_consumption_timestamp AS member_last_consumption_timestamp, m.date_created AS member_date_created,
  m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created AS member_roster_created,
  m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position,
  i.sid AS invite_sid, i.service_sid AS invite_service_sid, i.channel_sid AS invite_channel_sid,
  i.user_sid AS invite_user_sid, i.identity AS invite_identity, i.role_sid AS invite_role_sid,
  i.created_by AS invite_created_by, i.date_created AS invite_date_created, i.date_updated AS invite_date_updated,
  i.own_position AS invite_own_position,
  CASE WHEN m.last_consumed_message_index IS NOT NULL THEN
    c.next_index - 1 - m.last_consumed_message_index - CASE WHEN c.deleted_count = 0 THEN 0 ELSE (
      SELECT count(*) FROM deleted_messages d
      WHERE d.channel_sid = c.sid AND d.index > m.last_consumed_message_index) END
  END AS unread
FROM page p
JOIN channels c ON c.sid = p.channel_sid
LEFT JOIN members m ON m.sid = p.sid
LEFT JOIN invites i ON i.sid = p.sid
ORDER BY p.date_created DESC, p.sid DESC;

-- name: membership
-- user_sid, channel_sid
SELECT
  c.sid, c.service_sid, c.friendly_name, c.unique_name, c.type, c.attributes, c.created_by, c.members_count,
  c.next_index, c.deleted_count, c.last_message_index, c.last_message_sid, c.last_message_at, c.rev, c.last_seq,
  c.epoch, c.messaging_service_sid, c.state, c.state_updated,
  c.inactive_after, c.closed_after, c.date_inactive, c.date_closed, c.email, c.webhooks_count, c.guests_count, c.creator_left, c.date_created, c.date_updated,
  m.sid AS member_sid, m.service_sid AS member_service_sid, m.channel_sid AS member_channel_sid,
  m.user_sid AS member_user_sid, m.identity AS member_identity, m.role_sid AS member_role_sid,
  m.attributes AS member_attributes, m.notification_level AS member_notification_level,
  m.last_consumed_message_index AS member_last_consumed_message_index,
  m.last_consumption_timestamp AS member_last_consumption_timestamp, m.date_created AS member_date_created,
  m.date_updated AS member_date_updated, m.rev AS member_rev, m.roster_created AS member_roster_created,
  m.roster_position AS member_roster_position, m.own_created AS member_own_created,
  m.own_position AS member_own_position,
  i.sid AS invite_sid, i.service_sid AS invite_service_sid, i.channel_sid AS invite_channel_sid,
  i.user_sid AS invite_user_sid, i.identity AS invite_identity, i.role_sid AS invite_role_sid,
  i.created_by AS invite_created_by, i.date_created AS invite_date_created, i.date_updated AS invite_date_updated,
  i.own_position AS invite_own_position,
  CASE WHEN m.last_consumed_message_index IS NOT NULL THEN
    c.next_index - 1 - m.last_consumed_message_index - CASE WHEN c.deleted_count = 0 THEN 0 ELSE (
      SELECT count(*) FROM deleted_messages d
      WHERE d.channel_sid = c.sid AND d.index > m.last_consumed_message_index) END
  END AS unread
FROM channels c
LEFT JOIN members m ON m.user_sid = $1 AND m.channel_sid = c.sid
LEFT JOIN invites i ON i.user_sid = $1 AND i.channel_sid = c.sid
WHERE c.sid = $2 AND (m.sid IS NOT NULL OR i.sid IS NOT NULL);

-- name: joined
-- user_sids
SELECT m.user_sid, c.sid, c.last_seq, c.first_seq, c.epoch
FROM members m JOIN channels c ON c.sid = m.channel_sid
WHERE m.user_sid = ANY ($1::text[])
ORDER BY coalesce(c.last_message_at, c.date_created) DESC, c.sid DESC;

-- name: unread_totals
-- user_sid, limit
SELECT sid, unread FROM (
  SELECT c.sid, CASE WHEN m.last_consumed_message_index IS NOT NULL THEN
      c.next_index - 1 - m.last_consumed_message_index - CASE WHEN c.deleted_count = 0 THEN 0 ELSE (
        SELECT count(*) FROM deleted_messages d
        WHERE d.channel_sid = c.sid AND d.index > m.last_consumed_message_index) END
    END AS unread
  FROM members m JOIN channels c ON c.sid = m.channel_sid
  WHERE m.user_sid = $1 AND m.notification_level <> 'muted'
    AND c.next_index - 1 > m.last_consumed_message_index) counted
WHERE unread > 0
ORDER BY unread DESC, sid LIMIT $2;

-- name: due
-- now, limit
SELECT s.account_sid, c.service_sid, c.sid
FROM channels c JOIN services s ON s.sid = c.service_sid
WHERE least(c.date_inactive, c.date_closed) <= $1 AND (c.date_inactive IS NOT NULL OR c.date_closed IS NOT NULL)
  AND s.deleted_at IS NULL
ORDER BY least(c.date_inactive, c.date_closed) LIMIT $2;
