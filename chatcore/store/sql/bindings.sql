-- name: claim
-- service_sid, binding_type, address, identity, endpoint; ascending, dead ones too
SELECT
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated
FROM bindings WHERE service_sid = $1 AND binding_type = $2 AND (address = $3 OR (identity = $4 AND endpoint = $5))
ORDER BY sid FOR UPDATE;

-- name: insert
-- sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
-- registered_at, date_created, date_updated; no row where another one has the address or the endpoint
INSERT INTO bindings (
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT DO NOTHING RETURNING sid;

-- name: replace
-- sid, endpoint, address, credential_sid, message_types, vocabulary, registered_at, date_updated
UPDATE bindings SET
  endpoint = $2, address = $3, credential_sid = $4, message_types = $5, vocabulary = $6, registered_at = $7,
  date_updated = $8, invalid_at = NULL, invalid_reason = NULL
WHERE sid = $1;

-- name: delete_if_not_last
-- sid, user_sid
DELETE FROM bindings
WHERE sid = $1 AND EXISTS (SELECT FROM bindings other WHERE other.user_sid = $2 AND other.sid <> $1);

-- name: retire
-- sid, now; its own SID takes the places of endpoint and address, which have to differ
UPDATE bindings SET endpoint = sid, address = sid, invalid_at = $2, invalid_reason = 'unregistered', date_updated = $2
WHERE sid = $1;

-- name: delete
-- sids
DELETE FROM bindings WHERE sid = ANY ($1::text[]);

-- name: by_sid
-- service_sid, sid, user_sid or null
SELECT
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated
FROM bindings WHERE sid = $2 AND service_sid = $1 AND ($3::text IS NULL OR user_sid = $3) AND invalid_at IS NULL;

-- name: by_address
-- service_sid, binding_type, address; locked
SELECT
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated
FROM bindings WHERE service_sid = $1 AND binding_type = $2 AND address = $3 AND invalid_at IS NULL
FOR UPDATE;

-- name: list_after
-- service_sid, binding_types or null, cursor date, cursor sid, limit, offset
SELECT
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated
FROM bindings WHERE service_sid = $1 AND ($2::text[] IS NULL OR binding_type = ANY ($2))
  AND invalid_at IS NULL AND (date_created, sid) > ($3, $4)
ORDER BY date_created, sid LIMIT $5 OFFSET $6;

-- name: list_before
-- service_sid, binding_types or null, cursor date, cursor sid, limit, offset; newest first
SELECT
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated
FROM bindings WHERE service_sid = $1 AND ($2::text[] IS NULL OR binding_type = ANY ($2))
  AND invalid_at IS NULL AND (date_created, sid) < ($3, $4)
ORDER BY date_created DESC, sid DESC LIMIT $5 OFFSET $6;

-- name: of_user_after
-- user_sid, binding_types or null, cursor date, cursor sid, limit, offset
SELECT
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated
FROM bindings WHERE user_sid = $1 AND ($2::text[] IS NULL OR binding_type = ANY ($2))
  AND invalid_at IS NULL AND (date_created, sid) > ($3, $4)
ORDER BY date_created, sid LIMIT $5 OFFSET $6;

-- name: of_user_before
-- user_sid, binding_types or null, cursor date, cursor sid, limit, offset; newest first
SELECT
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated
FROM bindings WHERE user_sid = $1 AND ($2::text[] IS NULL OR binding_type = ANY ($2))
  AND invalid_at IS NULL AND (date_created, sid) < ($3, $4)
ORDER BY date_created DESC, sid DESC LIMIT $5 OFFSET $6;

-- name: list_named_after
-- service_sid, binding_types or null, identities, cursor date, cursor sid, limit, offset
SELECT
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated
FROM bindings WHERE service_sid = $1 AND ($2::text[] IS NULL OR binding_type = ANY ($2)) AND identity = ANY ($3::text[])
  AND invalid_at IS NULL AND (date_created, sid) > ($4, $5)
ORDER BY date_created, sid LIMIT $6 OFFSET $7;

-- name: list_named_before
-- service_sid, binding_types or null, identities, cursor date, cursor sid, limit, offset; newest first
SELECT
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated
FROM bindings WHERE service_sid = $1 AND ($2::text[] IS NULL OR binding_type = ANY ($2)) AND identity = ANY ($3::text[])
  AND invalid_at IS NULL AND (date_created, sid) < ($4, $5)
ORDER BY date_created DESC, sid DESC LIMIT $6 OFFSET $7;

-- name: newest_of_user
-- user_sid, binding_type
SELECT
  sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid, message_types, vocabulary,
  registered_at, date_created, date_updated
FROM bindings WHERE user_sid = $1 AND binding_type = $2 AND invalid_at IS NULL
ORDER BY registered_at DESC, sid DESC;

-- name: notifiable
-- user_sids; users without a row are left out
SELECT user_sid, bool_or(invalid_at IS NULL) AS notifiable FROM bindings WHERE user_sid = ANY ($1::text[]) GROUP BY user_sid;

-- name: delete_of_credential
-- credential_sid
DELETE FROM bindings WHERE credential_sid = $1;

-- name: purge
-- retired before, registered before, limit; a scan of the table, for a job that runs now and then
WITH old AS (
  SELECT sid FROM bindings WHERE invalid_at < $1 OR registered_at < $2 LIMIT $3 FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM bindings WHERE sid IN (SELECT sid FROM old) RETURNING sid
)
SELECT count(*)::integer AS purged FROM gone;
