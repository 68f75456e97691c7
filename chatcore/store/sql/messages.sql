-- name: by_sid
-- channel_sid, sid
SELECT
  channel_sid, index, sid, service_sid, author, body, media, attributes, was_edited, last_updated_by, client_ref,
  member_sid, subject, content_sid, content_variables, date_created, date_updated, created_rev, rev
FROM messages WHERE sid = $2 AND channel_sid = $1;

-- name: by_index
-- channel_sid, index
SELECT
  channel_sid, index, sid, service_sid, author, body, media, attributes, was_edited, last_updated_by, client_ref,
  member_sid, subject, content_sid, content_variables, date_created, date_updated, created_rev, rev
FROM messages WHERE channel_sid = $1 AND index = $2;

-- name: list_up
-- channel_sid, after, before, limit, offset
SELECT
  channel_sid, index, sid, service_sid, author, body, media, attributes, was_edited, last_updated_by, client_ref,
  member_sid, subject, content_sid, content_variables, date_created, date_updated, created_rev, rev
FROM messages WHERE channel_sid = $1 AND index > $2 AND index < $3
ORDER BY index LIMIT $4 OFFSET $5;

-- name: list_down
-- channel_sid, after, before, limit, offset; newest first
SELECT
  channel_sid, index, sid, service_sid, author, body, media, attributes, was_edited, last_updated_by, client_ref,
  member_sid, subject, content_sid, content_variables, date_created, date_updated, created_rev, rev
FROM messages WHERE channel_sid = $1 AND index > $2 AND index < $3
ORDER BY index DESC LIMIT $4 OFFSET $5;

-- name: newest
-- channel_sid
SELECT
  channel_sid, index, sid, service_sid, author, body, media, attributes, was_edited, last_updated_by, client_ref,
  member_sid, subject, content_sid, content_variables, date_created, date_updated, created_rev, rev
FROM messages WHERE channel_sid = $1 ORDER BY index DESC LIMIT 1;

-- name: any_within
-- channel_sid, after, before; the order keeps the planner from looking for the row elsewhere than in the index
SELECT index FROM messages WHERE channel_sid = $1 AND index > $2 AND index < $3 ORDER BY index LIMIT 1;

-- name: update
-- channel_sid, index, author, body, media, attributes, was_edited, last_updated_by, subject, date_created, date_updated,
-- rev
UPDATE messages SET
  author = $3, body = $4, media = $5, attributes = $6, was_edited = $7, last_updated_by = $8, subject = $9,
  date_created = $10, date_updated = $11, rev = $12
WHERE channel_sid = $1 AND index = $2;

-- name: delete
-- channel_sid, index; the index stays burnt
WITH gone AS (DELETE FROM messages WHERE channel_sid = $1 AND index = $2 RETURNING channel_sid, index)
INSERT INTO deleted_messages (channel_sid, index) SELECT channel_sid, index FROM gone ON CONFLICT DO NOTHING;

-- name: senders
-- channel_sids, identities; only members have permissions, because nobody else may send
SELECT
  w.channel_sid, w.identity, m.sid AS member_sid, i.sid IS NOT NULL AS invited,
  deployment.permissions AS deployment_permissions, own.permissions AS channel_permissions
FROM unnest($1::text[], $2::text[]) AS w (channel_sid, identity)
LEFT JOIN members m ON m.channel_sid = w.channel_sid AND m.identity = w.identity
LEFT JOIN roles own ON own.sid = m.role_sid
LEFT JOIN users u ON u.sid = m.user_sid
LEFT JOIN roles deployment ON deployment.sid = u.role_sid
LEFT JOIN invites i ON i.channel_sid = w.channel_sid AND i.identity = w.identity;

-- name: by_refs
-- channel_sids, authors, client_refs
SELECT
  m.channel_sid, m.index, m.sid, m.service_sid, m.author, m.body, m.media, m.attributes, m.was_edited,
  m.last_updated_by, m.client_ref, m.member_sid, m.subject, m.content_sid, m.content_variables, m.date_created,
  m.date_updated, m.created_rev, m.rev
FROM unnest($1::text[], $2::text[], $3::text[]) AS w (channel_sid, author, client_ref)
JOIN messages m ON m.channel_sid = w.channel_sid AND m.author = w.author AND m.client_ref = w.client_ref;

-- name: insert_many
-- of messages: channel_sid, index, sid, service_sid, author, body, media, attributes, was_edited, last_updated_by,
-- client_ref, member_sid, subject, content_sid, content_variables, date_created, date_updated, created_rev, rev; of events: channel_sid, seq, type, subject, payload;
-- of channels: sid, next_index, last_message_index, last_message_sid, last_message_at, rev, last_seq, date_updated,
-- state, state_updated, date_inactive, date_closed;
-- of jobs: kind, service_sid, dedupe, lane, job, due in, expires in (seconds)
WITH added AS (
  INSERT INTO messages (
    channel_sid, index, sid, service_sid, author, body, media, attributes, was_edited, last_updated_by, client_ref,
    member_sid, subject, content_sid, content_variables, date_created, date_updated, created_rev, rev)
  SELECT
    channel_sid, index, sid, service_sid, author, body, media::jsonb, attributes, was_edited, last_updated_by,
    client_ref, member_sid, subject, content_sid, content_variables, date_created, date_updated, created_rev, rev
  FROM unnest(
      $1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::boolean[],
      $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::timestamptz[],
      $17::timestamptz[], $18::bigint[], $19::bigint[]) AS w (
      channel_sid, index, sid, service_sid, author, body, media, attributes, was_edited, last_updated_by, client_ref,
      member_sid, subject, content_sid, content_variables, date_created, date_updated, created_rev, rev)),
logged AS (
  INSERT INTO channel_events (channel_sid, seq, type, subject, payload, created_at)
  SELECT channel_sid, seq, type, subject, payload, now()
  FROM unnest($20::text[], $21::bigint[], $22::text[], $23::text[], $24::text[])
    AS w (channel_sid, seq, type, subject, payload)),
queued AS (
  INSERT INTO outbox (kind, service_sid, dedupe, lane, job, due_at, expires_at)
  SELECT
    kind, service_sid, dedupe, lane, job::jsonb, now() + make_interval(secs => due),
    now() + make_interval(secs => expiry)
  FROM unnest($37::text[], $38::text[], $39::text[], $40::text[], $41::text[], $42::float8[], $43::float8[])
    AS w (kind, service_sid, dedupe, lane, job, due, expiry)
  ON CONFLICT (kind, service_sid, dedupe) WHERE dedupe IS NOT NULL
  DO UPDATE SET
    due_at = least(outbox.due_at, excluded.due_at), expires_at = greatest(outbox.expires_at, excluded.expires_at),
    attempts = CASE WHEN outbox.claimed_by IS NULL THEN outbox.attempts ELSE 0 END, claimed_by = NULL)
UPDATE channels c SET
  next_index = w.next_index, last_message_index = w.last_message_index, last_message_sid = w.last_message_sid,
  last_message_at = w.last_message_at, rev = w.rev, last_seq = w.last_seq, date_updated = w.date_updated,
  state = w.state, state_updated = w.state_updated, date_inactive = w.date_inactive, date_closed = w.date_closed
FROM unnest(
    $25::text[], $26::bigint[], $27::bigint[], $28::text[], $29::timestamptz[], $30::bigint[], $31::bigint[],
    $32::timestamptz[], $33::text[], $34::timestamptz[], $35::timestamptz[], $36::timestamptz[]) AS w (
    sid, next_index, last_message_index, last_message_sid, last_message_at, rev, last_seq, date_updated, state,
    state_updated, date_inactive, date_closed)
WHERE c.sid = w.sid;

-- name: append
-- columns of text with a separator after each place, because text is read several times as fast as arrays are. Of
-- messages and their events: channel_sid, index, sid, member_sid (empty: none), seq, author, attributes, client_ref
-- (empty: none), payload, body; of channels: sid, last_seq as known, last_seq, next_index,
-- last_message_sid; of those who need a permission: channel_sid, identity, permission; of jobs: an array of objects
-- with channel_sid, kind, service_sid, dedupe, lane, job, due in and expires in (seconds); the separator; the
-- date of all. Behind the
-- last separator is one more place, which belongs to no channel. Jobs of a lane keep their order, which a join would
-- not promise
WITH refused AS MATERIALIZED (
  SELECT w.channel_sid
  FROM unnest(
      string_to_array($16::text, $20::text), string_to_array($17::text, $20), string_to_array($18::text, $20))
    AS w (channel_sid, identity, permission)
  WHERE NOT coalesce((
    SELECT coalesce(w.permission = ANY (own.permissions), false)
      OR coalesce(w.permission = ANY (deployment.permissions), false)
    FROM members m
    LEFT JOIN roles own ON own.sid = m.role_sid
    LEFT JOIN users u ON u.sid = m.user_sid
    LEFT JOIN roles deployment ON deployment.sid = u.role_sid
    WHERE m.channel_sid = w.channel_sid AND m.identity = w.identity), false)),
moved AS (
  UPDATE channels c SET
    next_index = w.next_index, last_message_index = w.next_index - 1, last_message_sid = w.last_message_sid,
    last_message_at = $21, last_seq = w.last_seq
  FROM unnest(
      string_to_array($11::text, $20), string_to_array($12::text, $20, '')::bigint[],
      string_to_array($13::text, $20, '')::bigint[], string_to_array($14::text, $20, '')::bigint[],
      string_to_array($15::text, $20))
    AS w (sid, known_seq, last_seq, next_index, last_message_sid)
  WHERE c.sid = w.sid AND c.sid = ANY (string_to_array($11, $20)) AND c.last_seq = w.known_seq
    AND c.webhooks_count = 0 AND c.guests_count = 0
    AND NOT EXISTS (SELECT FROM refused r WHERE r.channel_sid = c.sid)
  RETURNING c.sid, c.service_sid),
added AS (
  INSERT INTO messages (
    channel_sid, index, sid, service_sid, author, body, attributes, client_ref, member_sid, date_created, date_updated,
    created_rev, rev)
  SELECT
    w.channel_sid, w.index, w.sid, moved.service_sid, w.author, w.body, w.attributes, w.client_ref, w.member_sid, $21,
    $21, w.seq, w.seq
  FROM unnest(
      string_to_array($1::text, $20), string_to_array($2::text, $20, '')::bigint[], string_to_array($3::text, $20),
      string_to_array($4::text, $20, ''), string_to_array($5::text, $20, '')::bigint[],
      string_to_array($6::text, $20), string_to_array($7::text, $20), string_to_array($8::text, $20, ''),
      string_to_array($10::text, $20))
    AS w (channel_sid, index, sid, member_sid, seq, author, attributes, client_ref, body)
  JOIN moved ON moved.sid = w.channel_sid),
logged AS (
  INSERT INTO channel_events (channel_sid, seq, type, payload, created_at)
  SELECT w.channel_sid, w.seq, 'message.added', w.payload, now()
  FROM unnest(
      string_to_array($1::text, $20), string_to_array($5::text, $20, '')::bigint[], string_to_array($9::text, $20))
    AS w (channel_sid, seq, payload)
  JOIN moved ON moved.sid = w.channel_sid),
queued AS (
  INSERT INTO outbox (kind, service_sid, dedupe, lane, job, due_at, expires_at)
  SELECT
    kind, service_sid, dedupe, lane, job, now() + make_interval(secs => due), now() + make_interval(secs => expiry)
  FROM json_to_recordset($19::text::json) AS w (
    channel_sid text, kind text, service_sid text, dedupe text, lane text, job jsonb, due float8, expiry float8)
  WHERE w.channel_sid = ANY (ARRAY(SELECT sid FROM moved)))
SELECT sid FROM moved;
