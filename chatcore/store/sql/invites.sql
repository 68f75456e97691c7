-- name: insert
-- sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position
INSERT INTO invites (
  sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: by_sid
-- channel_sid, sid
SELECT sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position
FROM invites WHERE sid = $2 AND channel_sid = $1;

-- name: by_identity
-- channel_sid, identity
SELECT sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position
FROM invites WHERE channel_sid = $1 AND identity = $2;

-- name: list_after
-- channel_sid, cursor date, cursor sid, limit, offset
SELECT sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position
FROM invites WHERE channel_sid = $1 AND (date_created, sid) > ($2, $3)
ORDER BY date_created, sid LIMIT $4 OFFSET $5;

-- name: list_before
-- channel_sid, cursor date, cursor sid, limit, offset; newest first
SELECT sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position
FROM invites WHERE channel_sid = $1 AND (date_created, sid) < ($2, $3)
ORDER BY date_created DESC, sid DESC LIMIT $4 OFFSET $5;

-- name: list_named_after
-- channel_sid, identities, cursor date, cursor sid, limit, offset
SELECT sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position
FROM invites WHERE channel_sid = $1 AND identity = ANY ($2::text[]) AND (date_created, sid) > ($3, $4)
ORDER BY date_created, sid LIMIT $5 OFFSET $6;

-- name: list_named_before
-- channel_sid, identities, cursor date, cursor sid, limit, offset; newest first
SELECT sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position
FROM invites WHERE channel_sid = $1 AND identity = ANY ($2::text[]) AND (date_created, sid) < ($3, $4)
ORDER BY date_created DESC, sid DESC LIMIT $5 OFFSET $6;

-- name: of_channel
-- channel_sid
SELECT sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position
FROM invites WHERE channel_sid = $1 ORDER BY date_created, sid;

-- name: of_user
-- user_sid
SELECT sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position
FROM invites WHERE user_sid = $1 ORDER BY channel_sid;

-- name: take
-- channel_sid, identity
DELETE FROM invites WHERE channel_sid = $1 AND identity = $2
RETURNING
  sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created, date_updated, own_position;

-- name: delete
-- sid
DELETE FROM invites WHERE sid = $1;
