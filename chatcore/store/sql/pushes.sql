-- name: message
-- channel_sid, index
SELECT body, media FROM messages WHERE channel_sid = $1 AND index = $2;

-- name: acting_user
-- service_sid, identity
SELECT sid, friendly_name FROM users WHERE service_sid = $1 AND identity = $2;

-- name: of_members
-- channel_sid, author or null, Chat's name of the event or null, Conversations' or null, binding to start after, rows,
-- index above the horizon or null, identities or null
SELECT b.sid, b.binding_type, b.address, b.credential_sid, b.user_sid, b.identity, b.vocabulary
FROM members m JOIN bindings b ON b.user_sid = m.user_sid
WHERE m.channel_sid = $1 AND ($2::text IS NULL OR m.identity <> $2) AND m.notification_level = 'default'
  AND CASE b.vocabulary WHEN 'chat' THEN $3::text ELSE $4::text END = ANY (b.message_types)
  AND b.invalid_at IS NULL AND b.sid > $5
  AND ($7::bigint IS NULL OR m.last_consumed_message_index IS NULL OR m.last_consumed_message_index < $7)
  AND ($8::text[] IS NULL OR m.identity = ANY ($8))
ORDER BY b.sid LIMIT $6;

-- name: of_users
-- service_sid, identities, Chat's name of the event or null, Conversations' or null, binding to start after, rows
SELECT b.sid, b.binding_type, b.address, b.credential_sid, b.user_sid, b.identity, b.vocabulary
FROM bindings b
WHERE b.service_sid = $1 AND b.identity = ANY ($2::text[])
  AND CASE b.vocabulary WHEN 'chat' THEN $3::text ELSE $4::text END = ANY (b.message_types)
  AND b.invalid_at IS NULL AND b.sid > $5
ORDER BY b.sid LIMIT $6;

-- name: devices
-- user_sid, binding_type, names of events
SELECT b.sid, b.binding_type, b.address, b.credential_sid, b.user_sid, b.identity, b.vocabulary
FROM bindings b
WHERE b.user_sid = $1 AND b.binding_type = $2 AND b.message_types && $3::text[] AND b.invalid_at IS NULL
ORDER BY b.sid;

-- name: badges
-- user_sids; users without an unread channel are left out
SELECT m.user_sid, count(*)::integer AS channels
FROM members m JOIN channels c ON c.sid = m.channel_sid
WHERE m.user_sid = ANY ($1::text[]) AND c.last_message_index > coalesce(m.last_consumed_message_index, -1)
GROUP BY m.user_sid;

-- name: settle
-- job, worker, binding to go on after or null, lease (interval);
-- kinds, service_sids, dedupes, lanes, jobs, due in, expires in (seconds);
-- dead bindings: sids, addresses, reasons, times or nulls;
-- log: service_sid, user_sids, push_ids, binding_sids, providers, address ends, events, message_sids, outcomes, reasons,
-- attempts, milliseconds, statuses
-- Answers with one row where the job is held. An address that was registered after its provider called it dead is alive.
-- `lost` are users without a device from now on: the devices that this statement reads are those of before.
-- Of users who are gone nothing is logged.
WITH held AS (
  UPDATE outbox SET
    due_at = now() + $4::interval,
    progress = CASE WHEN $3::text IS NULL THEN progress ELSE progress || jsonb_build_object('after', $3::text) END
  WHERE id = $1 AND claimed_by = $2 RETURNING id),
jobs AS (
  INSERT INTO outbox (kind, service_sid, dedupe, lane, job, due_at, expires_at)
  SELECT
    kind, service_sid, dedupe, lane, job::jsonb, now() + make_interval(secs => due),
    now() + make_interval(secs => expiry)
  FROM held, unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::float8[], $11::float8[])
    AS w (kind, service_sid, dedupe, lane, job, due, expiry)),
dead AS (
  UPDATE bindings b SET invalid_at = now(), invalid_reason = w.reason
  FROM held, unnest($12::text[], $13::text[], $14::text[], $15::timestamptz[]) AS w (sid, address, reason, since)
  WHERE b.sid = w.sid AND b.address = w.address AND b.invalid_at IS NULL
    AND (w.since IS NULL OR b.registered_at <= w.since)
  RETURNING b.sid, b.user_sid),
logged AS (
  INSERT INTO push_log (
    service_sid, user_sid, at, push_id, binding_sid, provider, address_end, event, message_sid, outcome, reason, attempt,
    milliseconds, status)
  SELECT
    $16::text, w.user_sid, clock_timestamp(), push_id, binding_sid, provider, address_end, event, message_sid, outcome, reason,
    attempt, milliseconds, status
  FROM held, unnest(
    $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::text[], $25::text[],
    $26::integer[], $27::integer[], $28::smallint[]) AS w (
    user_sid, push_id, binding_sid, provider, address_end, event, message_sid, outcome, reason, attempt, milliseconds,
    status)
  JOIN users u ON u.sid = w.user_sid
  FOR KEY SHARE OF u)
SELECT
  coalesce((SELECT array_agg(sid) FROM dead), '{}') AS dead,
  coalesce((
    SELECT array_agg(DISTINCT user_sid) FROM dead d
    WHERE NOT EXISTS (
      SELECT FROM bindings b
      WHERE b.user_sid = d.user_sid AND b.invalid_at IS NULL AND b.sid NOT IN (SELECT sid FROM dead))), '{}') AS lost
FROM held;

-- name: note
-- service_sid, event, message_sid or null, outcome, reason or null; a line of the log about everybody
INSERT INTO push_log (service_sid, at, event, message_sid, outcome, reason, attempt, milliseconds)
VALUES ($1, clock_timestamp(), $2, $3, $4, $5, 0, 0);

-- name: rewrite
-- id, worker, job
UPDATE outbox SET job = $3::text::jsonb WHERE id = $1 AND claimed_by = $2;

-- name: still_wanted
-- binding_sid, address, channel_sid or null, message index or null, user_sid that has to be a member or null, job that may
-- be superseded by a newer message of the channel that waits for the same device, or null
SELECT
  EXISTS (SELECT FROM bindings WHERE sid = $1 AND address = $2 AND invalid_at IS NULL)
  AND ($4::bigint IS NULL OR EXISTS (SELECT FROM messages WHERE channel_sid = $3 AND index = $4))
  AND ($5::text IS NULL OR EXISTS (
    SELECT FROM members WHERE user_sid = $5 AND channel_sid = $3 AND notification_level = 'default')) AS wanted,
  $6::bigint IS NOT NULL AND $4::bigint IS NOT NULL AND EXISTS (
    SELECT FROM outbox
    WHERE kind = 'push_retry' AND job ->> 'binding_sid' = $1 AND id <> $6 AND job ->> 'channel_sid' = $3
      AND (job ->> 'message_index')::bigint > $4) AS superseded;

-- name: revive
-- credential_sid, since; `first`: the user had no device until now
WITH revived AS (
  UPDATE bindings SET invalid_at = NULL, invalid_reason = NULL
  WHERE credential_sid = $1 AND invalid_at >= $2 AND invalid_reason LIKE 'doubtful:%'
  RETURNING sid, service_sid, user_sid)
SELECT sid, service_sid, user_sid, NOT EXISTS (
  SELECT FROM bindings b WHERE b.user_sid = r.user_sid AND b.invalid_at IS NULL) AS first
FROM revived r;

-- name: credential
-- sid
SELECT sid, account_sid, friendly_name, type, sandbox, secret, date_created, date_updated FROM credentials WHERE sid = $1;

-- name: postpone
-- credential_sid, delay (interval); a scan of the pushes that wait and are due before that
UPDATE outbox SET due_at = now() + $2::interval
WHERE kind = 'push_retry' AND claimed_by IS NULL AND due_at < now() + $2::interval AND job ->> 'credential_sid' = $1
RETURNING id;

-- name: log
-- service_sid, user_sid or null, message_sid or null, rows; newest first. Lines about everybody are found by message
SELECT
  at, push_id, user_sid, binding_sid, provider, address_end, event, message_sid, outcome, reason, status, attempt,
  milliseconds
FROM push_log
WHERE service_sid = $1 AND ($3::text IS NULL OR message_sid = $3)
  AND ($2::text IS NULL OR user_sid = $2 OR (user_sid IS NULL AND $3 IS NOT NULL))
ORDER BY id DESC LIMIT $4;

-- name: forget_log
-- age (interval), rows; answers with the ids of the rows that went
DELETE FROM push_log WHERE id IN (SELECT id FROM push_log WHERE at < now() - $1::interval ORDER BY at LIMIT $2)
RETURNING id;

-- name: credentials_in_use
-- credentials with devices, for an operator's look
SELECT c.sid, c.type, c.sandbox, c.secret, count(b.sid) FILTER (WHERE b.invalid_at IS NULL)::integer AS devices
FROM credentials c LEFT JOIN bindings b ON b.credential_sid = c.sid
GROUP BY c.sid ORDER BY c.sid;
