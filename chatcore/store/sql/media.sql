-- name: insert
-- sid, service_sid, author, category, content_type, filename, size, multipart, channel_sid, message_sid,
-- message_index, uploaded_at, date_created, date_updated
INSERT INTO media (
  sid, service_sid, author, category, content_type, filename, size, multipart, channel_sid, message_sid,
  message_index, uploaded_at, date_created, date_updated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: by_sid
-- service_sid, sid; what lies in a deleted channel is gone already, though its row goes later
SELECT
  sid, service_sid, author, category, content_type, filename, size, multipart, channel_sid, message_sid,
  message_index, uploaded_at, date_created, date_updated
FROM media m
WHERE sid = $2 AND service_sid = $1
  AND (channel_sid IS NULL OR EXISTS (SELECT FROM channels c WHERE c.sid = m.channel_sid));

-- name: find
-- sid; also the account of its service, unless that or the channel is deleted
SELECT
  m.sid, m.service_sid, m.author, m.category, m.content_type, m.filename, m.size, m.multipart, m.channel_sid,
  m.message_sid, m.message_index, m.uploaded_at, m.date_created, m.date_updated, s.account_sid
FROM media m JOIN services s ON s.sid = m.service_sid AND s.deleted_at IS NULL
WHERE m.sid = $1 AND (m.channel_sid IS NULL OR EXISTS (SELECT FROM channels c WHERE c.sid = m.channel_sid));

-- name: many
-- service_sid, sids; as by_sid
SELECT
  sid, service_sid, author, category, content_type, filename, size, multipart, channel_sid, message_sid,
  message_index, uploaded_at, date_created, date_updated
FROM media m
WHERE sid = ANY ($2::text[]) AND service_sid = $1
  AND (channel_sid IS NULL OR EXISTS (SELECT FROM channels c WHERE c.sid = m.channel_sid))
ORDER BY sid;

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

-- name: begin_upload
-- sid, seconds; answers with a row where the bytes are still to come and nobody else is bringing them
UPDATE media SET uploading_until = now() + make_interval(secs => $2)
WHERE sid = $1 AND uploaded_at IS NULL AND (uploading_until IS NULL OR uploading_until <= now())
RETURNING sid;

-- name: give_up_upload
-- sid
UPDATE media SET uploading_until = NULL WHERE sid = $1 AND uploaded_at IS NULL;

-- name: finish_upload
-- sid, size, uploaded_at; answers with a row unless the record is gone or complete already
UPDATE media SET size = $2, uploaded_at = $3, date_updated = $3, uploading_until = NULL
WHERE sid = $1 AND uploaded_at IS NULL
RETURNING sid;

-- name: delete
-- sids; their bytes go later
WITH gone AS (DELETE FROM media WHERE sid = ANY ($1::text[]) RETURNING sid, service_sid)
INSERT INTO media_trash (sid, service_sid) SELECT sid, service_sid FROM gone ON CONFLICT (sid) DO NOTHING;
