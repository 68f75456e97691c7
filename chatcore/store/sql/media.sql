-- name: insert
-- sid, service_sid, author, category, content_type, filename, size, multipart, channel_sid, message_sid,
-- message_index, uploaded_at, date_created, date_updated
INSERT INTO media (
  sid, service_sid, author, category, content_type, filename, size, multipart, channel_sid, message_sid,
  message_index, uploaded_at, date_created, date_updated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: by_sid
-- service_sid, sid
SELECT
  sid, service_sid, author, category, content_type, filename, size, multipart, channel_sid, message_sid,
  message_index, uploaded_at, date_created, date_updated
FROM media WHERE sid = $2 AND service_sid = $1;

-- name: many
-- service_sid, sids
SELECT
  sid, service_sid, author, category, content_type, filename, size, multipart, channel_sid, message_sid,
  message_index, uploaded_at, date_created, date_updated
FROM media WHERE sid = ANY ($2::text[]) AND service_sid = $1 ORDER BY sid;

-- name: lock_many
-- service_sid, sids; others wait until the end of the transaction
SELECT
  sid, service_sid, author, category, content_type, filename, size, multipart, channel_sid, message_sid,
  message_index, uploaded_at, date_created, date_updated
FROM media WHERE sid = ANY ($2::text[]) AND service_sid = $1 ORDER BY sid FOR NO KEY UPDATE;

-- name: update
-- sid, content_type, filename, size, channel_sid, message_sid, message_index, uploaded_at, date_updated
UPDATE media SET
  content_type = $2, filename = $3, size = $4, channel_sid = $5, message_sid = $6, message_index = $7, uploaded_at =
  $8, date_updated = $9
WHERE sid = $1;

-- name: delete
-- sids
DELETE FROM media WHERE sid = ANY ($1::text[]);
