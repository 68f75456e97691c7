-- name: insert
-- sid, service_sid, friendly_name, type, permissions, date_created, date_updated
INSERT INTO roles (sid, service_sid, friendly_name, type, permissions, date_created, date_updated)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: get
-- service_sid, sid
SELECT sid, service_sid, friendly_name, type, permissions, date_created, date_updated
FROM roles WHERE sid = $2 AND service_sid = $1;

-- name: list_after
-- service_sid, cursor date, cursor sid, limit, offset
SELECT sid, service_sid, friendly_name, type, permissions, date_created, date_updated
FROM roles WHERE service_sid = $1 AND (date_created, sid) > ($2, $3)
ORDER BY date_created, sid LIMIT $4 OFFSET $5;

-- name: list_before
-- service_sid, cursor date, cursor sid, limit, offset; newest first
SELECT sid, service_sid, friendly_name, type, permissions, date_created, date_updated
FROM roles WHERE service_sid = $1 AND (date_created, sid) < ($2, $3)
ORDER BY date_created DESC, sid DESC LIMIT $4 OFFSET $5;

-- name: update
-- sid, friendly_name, permissions, date_updated
UPDATE roles SET friendly_name = $2, permissions = $3, date_updated = $4 WHERE sid = $1;

-- name: replace_of_users
-- sid, replacement
UPDATE users u SET role_sid = $2
FROM (SELECT sid FROM users WHERE role_sid = $1 ORDER BY sid FOR NO KEY UPDATE) held
WHERE u.sid = held.sid;

-- name: replace_of_members
-- sid, replacement
UPDATE members m SET role_sid = $2
FROM (SELECT sid FROM members WHERE role_sid = $1 ORDER BY sid FOR NO KEY UPDATE) held
WHERE m.sid = held.sid;

-- name: replace_of_invites
-- sid, replacement
UPDATE invites SET role_sid = $2 WHERE role_sid = $1;

-- name: replace_of_guests
-- sid, replacement
UPDATE guests SET role_sid = $2 WHERE role_sid = $1;

-- name: delete
-- sid
DELETE FROM roles WHERE sid = $1;
