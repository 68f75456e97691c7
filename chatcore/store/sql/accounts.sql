-- name: insert
-- sid, friendly_name, auth_token
INSERT INTO accounts (sid, friendly_name, auth_token) VALUES ($1, $2, $3);

-- name: secret
-- sid
SELECT sid AS account_sid, auth_token AS secret, false AS revoked, suspended FROM accounts WHERE sid = $1;

-- name: first
SELECT sid FROM accounts ORDER BY date_created, sid LIMIT 1;

-- name: set_default_service
-- sid, service_sid; the first one stays
UPDATE accounts SET default_service_sid = $2 WHERE sid = $1 AND default_service_sid IS NULL;

-- name: insert_key
-- sid, account_sid, friendly_name, secret
INSERT INTO api_keys (sid, account_sid, friendly_name, secret) VALUES ($1, $2, $3, $4);

-- name: key_secret
-- sid
SELECT k.account_sid, k.secret, k.revoked_at IS NOT NULL AS revoked, a.suspended
FROM api_keys k JOIN accounts a ON a.sid = k.account_sid
WHERE k.sid = $1;

-- name: first_key
-- account_sid
SELECT sid FROM api_keys WHERE account_sid = $1 AND revoked_at IS NULL ORDER BY date_created, sid LIMIT 1;

-- name: revoke_key
-- sid; answers with the sid if such a key was in force
UPDATE api_keys SET revoked_at = now() WHERE sid = $1 AND revoked_at IS NULL RETURNING sid;

-- name: service_account
-- service_sid
SELECT account_sid FROM services WHERE sid = $1 AND deleted_at IS NULL;

-- name: first_service
-- account_sid
SELECT s.sid FROM services s JOIN accounts a ON a.sid = s.account_sid
WHERE s.account_sid = $1 AND s.deleted_at IS NULL
ORDER BY s.sid IS DISTINCT FROM a.default_service_sid, s.date_created, s.sid LIMIT 1;

-- name: lock_bootstrap
-- number of the lock; held to the end of the transaction
SELECT pg_advisory_xact_lock($1);

-- name: renew_channel_epochs
-- sid to start after, rows; answers with the sids, and 12 random hexadecimal digits become the epoch
WITH held AS (SELECT sid FROM channels WHERE sid > $1 ORDER BY sid LIMIT $2 FOR NO KEY UPDATE)
UPDATE channels c SET epoch = left(replace(gen_random_uuid()::text, '-', ''), 12)
FROM held WHERE c.sid = held.sid
RETURNING c.sid;

-- name: renew_user_epochs
-- user_sid to start after, rows; as above
WITH held AS (SELECT user_sid FROM user_streams WHERE user_sid > $1 ORDER BY user_sid LIMIT $2 FOR NO KEY UPDATE)
UPDATE user_streams s SET epoch = left(replace(gen_random_uuid()::text, '-', ''), 12)
FROM held WHERE s.user_sid = held.user_sid
RETURNING s.user_sid AS sid;
