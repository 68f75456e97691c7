-- name: insert
-- sid, service_sid, channel_sid, vocabulary, type, url, method, filters, triggers, flow_sid, retry_count,
-- replay_after, date_created, date_updated
INSERT INTO channel_webhooks (
  sid, service_sid, channel_sid, vocabulary, type, url, method, filters, triggers, flow_sid, retry_count,
  replay_after, date_created, date_updated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: by_sid
-- channel_sid, sid
SELECT
  sid, service_sid, channel_sid, vocabulary, type, url, method, filters, triggers, flow_sid, retry_count,
  replay_after, date_created, date_updated
FROM channel_webhooks WHERE sid = $2 AND channel_sid = $1;

-- name: list_after
-- channel_sid, cursor date, cursor sid, limit, offset
SELECT
  sid, service_sid, channel_sid, vocabulary, type, url, method, filters, triggers, flow_sid, retry_count,
  replay_after, date_created, date_updated
FROM channel_webhooks WHERE channel_sid = $1 AND (date_created, sid) > ($2, $3)
ORDER BY date_created, sid LIMIT $4 OFFSET $5;

-- name: list_before
-- channel_sid, cursor date, cursor sid, limit, offset; newest first
SELECT
  sid, service_sid, channel_sid, vocabulary, type, url, method, filters, triggers, flow_sid, retry_count,
  replay_after, date_created, date_updated
FROM channel_webhooks WHERE channel_sid = $1 AND (date_created, sid) < ($2, $3)
ORDER BY date_created DESC, sid DESC LIMIT $4 OFFSET $5;

-- name: of_channels
-- channel_sids
SELECT
  sid, service_sid, channel_sid, vocabulary, type, url, method, filters, triggers, flow_sid, retry_count,
  replay_after, date_created, date_updated
FROM channel_webhooks WHERE channel_sid = ANY ($1::text[]) ORDER BY channel_sid, date_created, sid;

-- name: update
-- sid, url, method, filters, triggers, flow_sid, retry_count, date_updated
UPDATE channel_webhooks SET
  url = $2, method = $3, filters = $4, triggers = $5, flow_sid = $6, retry_count = $7, date_updated = $8
WHERE sid = $1;

-- name: delete
-- sid
DELETE FROM channel_webhooks WHERE sid = $1;
