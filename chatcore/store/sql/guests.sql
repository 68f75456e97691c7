-- name: insert
-- sid, service_sid, channel_sid, type, address, proxy_address, projected_address, name, level, role_sid,
-- attributes, last_read_message_index, last_read_timestamp, date_created, date_updated, rev, roster_created,
-- roster_position
INSERT INTO guests (
  sid, service_sid, channel_sid, type, address, proxy_address, projected_address, name, level, role_sid, attributes,
  last_read_message_index, last_read_timestamp, date_created, date_updated, rev, roster_created, roster_position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18);

-- name: by_sid
-- channel_sid, sid
SELECT
  sid, service_sid, channel_sid, type, address, proxy_address, projected_address, name, level, role_sid, attributes,
  last_read_message_index, last_read_timestamp, date_created, date_updated, rev, roster_created, roster_position
FROM guests WHERE sid = $2 AND channel_sid = $1;

-- name: of_channel
-- channel_sid
SELECT
  sid, service_sid, channel_sid, type, address, proxy_address, projected_address, name, level, role_sid, attributes,
  last_read_message_index, last_read_timestamp, date_created, date_updated, rev, roster_created, roster_position
FROM guests WHERE channel_sid = $1 ORDER BY date_created, sid;

-- name: of_channels
-- channel_sids
SELECT
  sid, service_sid, channel_sid, type, address, proxy_address, projected_address, name, level, role_sid, attributes,
  last_read_message_index, last_read_timestamp, date_created, date_updated, rev, roster_created, roster_position
FROM guests WHERE channel_sid = ANY ($1::text[]) ORDER BY channel_sid, date_created, sid;

-- name: update
-- sid, proxy_address, projected_address, role_sid, attributes, last_read_message_index, last_read_timestamp,
-- date_created, date_updated, rev, roster_position
UPDATE guests SET
  proxy_address = $2, projected_address = $3, role_sid = $4, attributes = $5, last_read_message_index = $6,
  last_read_timestamp = $7, date_created = $8, date_updated = $9, rev = $10, roster_position = $11
WHERE sid = $1;

-- name: release
-- channel_sid
UPDATE guests SET in_use = false WHERE channel_sid = $1;

-- name: delete
-- sid
DELETE FROM guests WHERE sid = $1;
