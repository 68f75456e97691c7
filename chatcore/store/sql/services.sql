-- name: insert
-- sid, account_sid, friendly_name, default_service_role_sid, default_channel_role_sid,
-- default_channel_creator_role_sid, read_status_enabled, reachability_enabled, typing_indicator_timeout,
-- consumption_report_interval, limit_channel_members, limit_user_channels, pre_webhook_url, post_webhook_url,
-- webhook_method, webhook_filters,
-- pre_webhook_retry_count, post_webhook_retry_count, media_size_limit_mb, media_compatibility_message, notifications,
-- event_urls, conversation_notifications, date_created, date_updated
INSERT INTO services (
  sid, account_sid, friendly_name, default_service_role_sid, default_channel_role_sid,
  default_channel_creator_role_sid, read_status_enabled, reachability_enabled, typing_indicator_timeout,
  consumption_report_interval, limit_channel_members, limit_user_channels, pre_webhook_url, post_webhook_url,
  webhook_method, webhook_filters, pre_webhook_retry_count, post_webhook_retry_count, media_size_limit_mb,
  media_compatibility_message, notifications, event_urls, conversation_notifications, date_created, date_updated)
VALUES (
  $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25);

-- name: update
-- sid, friendly_name, default_service_role_sid, default_channel_role_sid, default_channel_creator_role_sid,
-- read_status_enabled, reachability_enabled, typing_indicator_timeout, consumption_report_interval,
-- limit_channel_members, limit_user_channels, pre_webhook_url, post_webhook_url, webhook_method, webhook_filters,
-- pre_webhook_retry_count, post_webhook_retry_count, media_size_limit_mb, media_compatibility_message, notifications,
-- event_urls, conversation_notifications, date_updated
UPDATE services SET
  friendly_name = $2, default_service_role_sid = $3, default_channel_role_sid = $4,
  default_channel_creator_role_sid = $5, read_status_enabled = $6, reachability_enabled = $7,
  typing_indicator_timeout = $8, consumption_report_interval = $9, limit_channel_members = $10,
  limit_user_channels = $11, pre_webhook_url = $12, post_webhook_url = $13, webhook_method = $14,
  webhook_filters = $15, pre_webhook_retry_count = $16, post_webhook_retry_count = $17, media_size_limit_mb = $18,
  media_compatibility_message = $19, notifications = $20, event_urls = $21,
  conversation_notifications = $22, date_updated = $23
WHERE sid = $1 AND deleted_at IS NULL;

-- name: find
-- sid
SELECT
  s.sid, s.account_sid, s.friendly_name, s.default_service_role_sid, s.default_channel_role_sid,
  s.default_channel_creator_role_sid, s.read_status_enabled, s.reachability_enabled, s.typing_indicator_timeout,
  s.consumption_report_interval, s.limit_channel_members, s.limit_user_channels, s.pre_webhook_url,
  s.post_webhook_url, s.webhook_method, s.webhook_filters, s.pre_webhook_retry_count, s.post_webhook_retry_count,
  s.media_size_limit_mb, s.media_compatibility_message, s.notifications, s.event_urls, s.conversation_notifications,
  s.date_created, s.date_updated, a.webhook_method AS account_method, a.webhook_filters AS account_filters,
  a.pre_webhook_url AS account_pre_url, a.post_webhook_url AS account_post_url, a.webhook_target AS account_target
FROM services s JOIN accounts a ON a.sid = s.account_sid
WHERE s.sid = $1 AND s.deleted_at IS NULL;

-- name: lock
-- sid; others wait until the end of the transaction
SELECT sid FROM services WHERE sid = $1 AND deleted_at IS NULL FOR NO KEY UPDATE;

-- name: list_after
-- account_sid, cursor date, cursor sid, limit, offset
SELECT
  s.sid, s.account_sid, s.friendly_name, s.default_service_role_sid, s.default_channel_role_sid,
  s.default_channel_creator_role_sid, s.read_status_enabled, s.reachability_enabled, s.typing_indicator_timeout,
  s.consumption_report_interval, s.limit_channel_members, s.limit_user_channels, s.pre_webhook_url,
  s.post_webhook_url, s.webhook_method, s.webhook_filters, s.pre_webhook_retry_count, s.post_webhook_retry_count,
  s.media_size_limit_mb, s.media_compatibility_message, s.notifications, s.event_urls, s.conversation_notifications,
  s.date_created, s.date_updated, a.webhook_method AS account_method, a.webhook_filters AS account_filters,
  a.pre_webhook_url AS account_pre_url, a.post_webhook_url AS account_post_url, a.webhook_target AS account_target
FROM services s JOIN accounts a ON a.sid = s.account_sid
WHERE s.account_sid = $1 AND (s.date_created, s.sid) > ($2, $3) AND s.deleted_at IS NULL
ORDER BY s.date_created, s.sid LIMIT $4 OFFSET $5;

-- name: list_before
-- account_sid, cursor date, cursor sid, limit, offset; newest first
SELECT
  s.sid, s.account_sid, s.friendly_name, s.default_service_role_sid, s.default_channel_role_sid,
  s.default_channel_creator_role_sid, s.read_status_enabled, s.reachability_enabled, s.typing_indicator_timeout,
  s.consumption_report_interval, s.limit_channel_members, s.limit_user_channels, s.pre_webhook_url,
  s.post_webhook_url, s.webhook_method, s.webhook_filters, s.pre_webhook_retry_count, s.post_webhook_retry_count,
  s.media_size_limit_mb, s.media_compatibility_message, s.notifications, s.event_urls, s.conversation_notifications,
  s.date_created, s.date_updated, a.webhook_method AS account_method, a.webhook_filters AS account_filters,
  a.pre_webhook_url AS account_pre_url, a.post_webhook_url AS account_post_url, a.webhook_target AS account_target
FROM services s JOIN accounts a ON a.sid = s.account_sid
WHERE s.account_sid = $1 AND (s.date_created, s.sid) < ($2, $3) AND s.deleted_at IS NULL
ORDER BY s.date_created DESC, s.sid DESC LIMIT $4 OFFSET $5;

-- name: delete
-- sid, now
WITH gone AS (
  UPDATE services SET deleted_at = $2, date_updated = $2 WHERE sid = $1 AND deleted_at IS NULL RETURNING sid)
INSERT INTO purges (sid, due_at) SELECT sid, $2::timestamptz FROM gone ON CONFLICT (sid) DO NOTHING;
