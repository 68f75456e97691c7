-- name: standing
-- service_sid, user_sid, message_sid; no row where there is no such user
SELECT
  m.sid IS NOT NULL AS message, m.author = u.identity AS author,
  m.media IS NOT NULL AND coalesce(m.body, '') = '' AS only_media,
  r.notification_level AS level
FROM users u
LEFT JOIN messages m ON m.sid = $3 AND m.service_sid = $1
LEFT JOIN members r ON r.channel_sid = m.channel_sid AND r.user_sid = u.sid
WHERE u.service_sid = $1 AND u.sid = $2;

-- name: devices
-- user_sid; dead ones too
SELECT vocabulary, message_types, invalid_at IS NULL AS alive FROM bindings WHERE user_sid = $1 ORDER BY sid;

-- name: waiting
-- service_sid, user_sid, message_sid; a scan of what waits
SELECT kind, due_at, last_error FROM outbox
WHERE service_sid = $1 AND job ->> 'message_sid' = $3
  AND (kind IN ('push', 'recheck') OR (kind = 'push_retry' AND job ->> 'user_sid' = $2))
ORDER BY id;
