-- name: put
-- sid, service_sid, channel_sid, message_sid, participant_sid, channel_message_sid, status, error_code,
-- date_created, date_updated
INSERT INTO delivery_receipts (
  sid, service_sid, channel_sid, message_sid, participant_sid, channel_message_sid, status, error_code, date_created,
  date_updated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (message_sid, participant_sid) DO UPDATE SET
  channel_message_sid = excluded.channel_message_sid, status = excluded.status, error_code = excluded.error_code,
  date_updated = excluded.date_updated
RETURNING
  sid, service_sid, channel_sid, message_sid, participant_sid, channel_message_sid, status, error_code, date_created,
  date_updated;

-- name: by_sid
-- message_sid, sid
SELECT
  sid, service_sid, channel_sid, message_sid, participant_sid, channel_message_sid, status, error_code, date_created,
  date_updated
FROM delivery_receipts WHERE sid = $2 AND message_sid = $1;

-- name: list_after
-- message_sid, cursor date, cursor sid, limit, offset
SELECT
  sid, service_sid, channel_sid, message_sid, participant_sid, channel_message_sid, status, error_code, date_created,
  date_updated
FROM delivery_receipts WHERE message_sid = $1 AND (date_created, sid) > ($2, $3)
ORDER BY date_created, sid LIMIT $4 OFFSET $5;

-- name: list_before
-- message_sid, cursor date, cursor sid, limit, offset; newest first
SELECT
  sid, service_sid, channel_sid, message_sid, participant_sid, channel_message_sid, status, error_code, date_created,
  date_updated
FROM delivery_receipts WHERE message_sid = $1 AND (date_created, sid) < ($2, $3)
ORDER BY date_created DESC, sid DESC LIMIT $4 OFFSET $5;

-- name: statuses
-- message_sids
SELECT message_sid, status, count(*) AS count
FROM delivery_receipts WHERE message_sid = ANY ($1::text[]) GROUP BY message_sid, status;
