-- name: insert
-- sid, account_sid, type, address, address_country, friendly_name, auto_creation, date_created, date_updated
INSERT INTO address_configurations (
  sid, account_sid, type, address, address_country, friendly_name, auto_creation, date_created, date_updated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: by_sid
-- account_sid, sid
SELECT sid, account_sid, type, address, address_country, friendly_name, auto_creation, date_created, date_updated
FROM address_configurations WHERE sid = $2 AND account_sid = $1;

-- name: by_address
-- account_sid, address
SELECT sid, account_sid, type, address, address_country, friendly_name, auto_creation, date_created, date_updated
FROM address_configurations WHERE account_sid = $1 AND address = $2;

-- name: lock_by_sid
-- account_sid, sid
SELECT sid, account_sid, type, address, address_country, friendly_name, auto_creation, date_created, date_updated
FROM address_configurations WHERE sid = $2 AND account_sid = $1 FOR NO KEY UPDATE;

-- name: lock_by_address
-- account_sid, address
SELECT sid, account_sid, type, address, address_country, friendly_name, auto_creation, date_created, date_updated
FROM address_configurations WHERE account_sid = $1 AND address = $2 FOR NO KEY UPDATE;

-- name: list_after
-- account_sid, type or null, cursor date, cursor sid, limit, offset
SELECT sid, account_sid, type, address, address_country, friendly_name, auto_creation, date_created, date_updated
FROM address_configurations
WHERE account_sid = $1 AND ($2::text IS NULL OR type = $2) AND (date_created, sid) > ($3, $4)
ORDER BY date_created, sid LIMIT $5 OFFSET $6;

-- name: list_before
-- account_sid, type or null, cursor date, cursor sid, limit, offset; newest first
SELECT sid, account_sid, type, address, address_country, friendly_name, auto_creation, date_created, date_updated
FROM address_configurations
WHERE account_sid = $1 AND ($2::text IS NULL OR type = $2) AND (date_created, sid) < ($3, $4)
ORDER BY date_created DESC, sid DESC LIMIT $5 OFFSET $6;

-- name: update
-- sid, friendly_name, auto_creation, date_updated
UPDATE address_configurations SET friendly_name = $2, auto_creation = $3, date_updated = $4 WHERE sid = $1;

-- name: delete
-- sid
DELETE FROM address_configurations WHERE sid = $1;
