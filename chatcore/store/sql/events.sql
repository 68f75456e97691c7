-- name: append_to_channels
-- channel_sids, seqs, types, subjects, payloads, now
INSERT INTO channel_events (channel_sid, seq, type, subject, payload, created_at)
SELECT sid, seq, type, subject, payload, $6::timestamptz
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[]) AS w (sid, seq, type, subject, payload);

-- name: append_to_users
-- user_sids, seqs, types, subjects, payloads, now
INSERT INTO user_events (user_sid, seq, type, subject, payload, created_at)
SELECT sid, seq, type, subject, payload, $6::timestamptz
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[]) AS w (sid, seq, type, subject, payload);

-- name: channel_after
-- channel_sid, seq, limit
SELECT channel_sid AS sid, seq, type, subject, payload
FROM channel_events WHERE channel_sid = $1 AND seq > $2 ORDER BY seq LIMIT $3;

-- name: channel_before
-- channel_sid, seq, limit; newest first
SELECT channel_sid AS sid, seq, type, subject, payload
FROM channel_events WHERE channel_sid = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3;

-- name: user_after
-- user_sid, seq, limit
SELECT user_sid AS sid, seq, type, subject, payload
FROM user_events WHERE user_sid = $1 AND seq > $2 ORDER BY seq LIMIT $3;

-- name: user_before
-- user_sid, seq, limit; newest first
SELECT user_sid AS sid, seq, type, subject, payload
FROM user_events WHERE user_sid = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3;

-- name: tops
-- channel_sids, user_sids
SELECT sid, last_seq, first_seq, epoch FROM channels WHERE sid = ANY ($1::text[])
UNION ALL
SELECT user_sid, last_seq, first_seq, epoch FROM user_streams WHERE user_sid = ANY ($2::text[]);

-- name: missed_of_channels
-- channel_sids, seqs, limit of each
SELECT w.sid, e.seq, e.type, e.subject, e.payload
FROM unnest($1::text[], $2::bigint[]) AS w (sid, seq)
CROSS JOIN LATERAL (
  SELECT seq, type, subject, payload FROM channel_events
  WHERE channel_sid = w.sid AND seq > w.seq ORDER BY seq LIMIT $3) e;

-- name: missed_of_users
-- user_sids, seqs, limit of each
SELECT w.sid, e.seq, e.type, e.subject, e.payload
FROM unnest($1::text[], $2::bigint[]) AS w (sid, seq)
CROSS JOIN LATERAL (
  SELECT seq, type, subject, payload FROM user_events
  WHERE user_sid = w.sid AND seq > w.seq ORDER BY seq LIMIT $3) e;
