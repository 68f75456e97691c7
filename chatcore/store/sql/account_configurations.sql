-- name: get
-- account_sid
SELECT
  a.sid, s.sid AS service_sid, a.default_messaging_service_sid, a.default_inactive_timer, a.default_closed_timer,
  a.webhook_method, a.webhook_filters, a.pre_webhook_url, a.post_webhook_url, a.webhook_target
FROM accounts a JOIN services s ON s.sid = a.default_service_sid AND s.deleted_at IS NULL
WHERE a.sid = $1;

-- name: default_service
-- account_sid
SELECT s.sid
FROM accounts a JOIN services s ON s.sid = a.default_service_sid AND s.deleted_at IS NULL
WHERE a.sid = $1;

-- name: lock
-- account_sid
SELECT sid FROM accounts WHERE sid = $1 FOR NO KEY UPDATE;

-- name: set_default_service
-- account_sid, service_sid
UPDATE accounts SET default_service_sid = $2 WHERE sid = $1;

-- name: update
-- account_sid, default_service_sid, default_messaging_service_sid, default_inactive_timer, default_closed_timer,
-- webhook_method, webhook_filters, pre_webhook_url, post_webhook_url, webhook_target
UPDATE accounts SET
  default_service_sid = $2, default_messaging_service_sid = $3, default_inactive_timer = $4, default_closed_timer = $5,
  webhook_method = $6, webhook_filters = $7, pre_webhook_url = $8, post_webhook_url = $9, webhook_target = $10
WHERE sid = $1;
