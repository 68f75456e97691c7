-- name: insert
-- sid, account_sid, friendly_name, default_service_role_sid, default_channel_role_sid,
-- default_channel_creator_role_sid, read_status_enabled, reachability_enabled, typing_indicator_timeout,
-- consumption_report_interval, limit_channel_members, limit_user_channels, pre_webhook_url, post_webhook_url,
-- webhook_method, webhook_filters,
-- pre_webhook_retry_count, post_webhook_retry_count, media_size_limit_mb, media_compatibility_message, notifications,
-- date_created, date_updated
INSERT INTO services (
  sid, account_sid, friendly_name, default_service_role_sid, default_channel_role_sid,
  default_channel_creator_role_sid, read_status_enabled, reachability_enabled, typing_indicator_timeout,
  consumption_report_interval, limit_channel_members, limit_user_channels, pre_webhook_url, post_webhook_url,
  webhook_method, webhook_filters, pre_webhook_retry_count, post_webhook_retry_count, media_size_limit_mb,
  media_compatibility_message, notifications, date_created, date_updated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23);

-- name: update
-- sid, friendly_name, default_service_role_sid, default_channel_role_sid, default_channel_creator_role_sid,
-- read_status_enabled, reachability_enabled, typing_indicator_timeout, consumption_report_interval,
-- limit_channel_members, limit_user_channels, pre_webhook_url, post_webhook_url, webhook_method, webhook_filters,
-- pre_webhook_retry_count, post_webhook_retry_count, media_size_limit_mb, media_compatibility_message, notifications,
-- date_updated
UPDATE services SET
  friendly_name = $2, default_service_role_sid = $3, default_channel_role_sid = $4,
  default_channel_creator_role_sid = $5, read_status_enabled = $6, reachability_enabled = $7,
  typing_indicator_timeout = $8, consumption_report_interval = $9, limit_channel_members = $10,
  limit_user_channels = $11, pre_webhook_url = $12, post_webhook_url = $13, webhook_method = $14,
  webhook_filters = $15, pre_webhook_retry_count = $16, post_webhook_retry_count = $17, media_size_limit_mb = $18,
  media_compatibility_message = $19, notifications = $20, date_updated = $21
WHERE sid = $1 AND deleted_at IS NULL;

-- name: find
-- sid
SELECT
  sid, account_sid, friendly_name, default_service_role_sid, default_channel_role_sid,
  default_channel_creator_role_sid, read_status_enabled, reachability_enabled, typing_indicator_timeout,
  consumption_report_interval, limit_channel_members, limit_user_channels, pre_webhook_url, post_webhook_url,
  webhook_method, webhook_filters, pre_webhook_retry_count, post_webhook_retry_count, media_size_limit_mb,
  media_compatibility_message, notifications, date_created, date_updated
FROM services
WHERE sid = $1 AND deleted_at IS NULL;

-- name: lock
-- sid; others wait until the end of the transaction
SELECT sid FROM services WHERE sid = $1 AND deleted_at IS NULL FOR NO KEY UPDATE;

-- name: list_after
-- account_sid, cursor date, cursor sid, limit, offset
SELECT
  sid, account_sid, friendly_name, default_service_role_sid, default_channel_role_sid,
  default_channel_creator_role_sid, read_status_enabled, reachability_enabled, typing_indicator_timeout,
  consumption_report_interval, limit_channel_members, limit_user_channels, pre_webhook_url, post_webhook_url,
  webhook_method, webhook_filters, pre_webhook_retry_count, post_webhook_retry_count, media_size_limit_mb,
  media_compatibility_message, notifications, date_created, date_updated
FROM services
WHERE account_sid = $1 AND (date_created, sid) > ($2, $3) AND deleted_at IS NULL
ORDER BY date_created, sid LIMIT $4 OFFSET $5;

-- name: list_before
-- account_sid, cursor date, cursor sid, limit, offset; newest first
SELECT
  sid, account_sid, friendly_name, default_service_role_sid, default_channel_role_sid,
  default_channel_creator_role_sid, read_status_enabled, reachability_enabled, typing_indicator_timeout,
  consumption_report_interval, limit_channel_members, limit_user_channels, pre_webhook_url, post_webhook_url,
  webhook_method, webhook_filters, pre_webhook_retry_count, post_webhook_retry_count, media_size_limit_mb,
  media_compatibility_message, notifications, date_created, date_updated
FROM services
WHERE account_sid = $1 AND (date_created, sid) < ($2, $3) AND deleted_at IS NULL
ORDER BY date_created DESC, sid DESC LIMIT $4 OFFSET $5;

-- name: delete
-- sid, now
WITH gone AS (
  UPDATE services SET deleted_at = $2, date_updated = $2 WHERE sid = $1 AND deleted_at IS NULL RETURNING sid)
INSERT INTO purges (sid, due_at) SELECT sid, $2::timestamptz FROM gone ON CONFLICT (sid) DO NOTHING;
