-- name: insert
-- sid, account_sid, friendly_name, type, sandbox, secret, date_created, date_updated
INSERT INTO credentials (sid, account_sid, friendly_name, type, sandbox, secret, date_created, date_updated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: by_sid
-- account_sid, sid
SELECT sid, account_sid, friendly_name, type, sandbox, date_created, date_updated
FROM credentials WHERE sid = $2 AND account_sid = $1;

-- name: lock
-- account_sid, sid; with the sealed secrets
SELECT sid, account_sid, friendly_name, type, sandbox, secret, date_created, date_updated
FROM credentials WHERE sid = $2 AND account_sid = $1 FOR UPDATE;

-- name: list_after
-- account_sid, cursor date, cursor sid, limit, offset
SELECT sid, account_sid, friendly_name, type, sandbox, date_created, date_updated
FROM credentials WHERE account_sid = $1 AND (date_created, sid) > ($2, $3)
ORDER BY date_created, sid LIMIT $4 OFFSET $5;

-- name: list_before
-- account_sid, cursor date, cursor sid, limit, offset; newest first
SELECT sid, account_sid, friendly_name, type, sandbox, date_created, date_updated
FROM credentials WHERE account_sid = $1 AND (date_created, sid) < ($2, $3)
ORDER BY date_created DESC, sid DESC LIMIT $4 OFFSET $5;

-- name: update
-- sid, friendly_name, type, sandbox, secret, date_updated
UPDATE credentials SET friendly_name = $2, type = $3, sandbox = $4, secret = $5, date_updated = $6 WHERE sid = $1;

-- name: delete
-- sid; its bindings go along (ON DELETE CASCADE)
DELETE FROM credentials WHERE sid = $1;
