-- What became of pushes, where a service asks for it; kept for a week, and gone with the user. Addresses and texts never
-- come here.
CREATE TABLE push_log (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  service_sid  text NOT NULL,
  user_sid     text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
  at           timestamptz NOT NULL,
  push_id      text NOT NULL,
  binding_sid  text NOT NULL,
  provider     text NOT NULL,
  address_end  text NOT NULL,                            -- last 6 characters
  event        text NOT NULL,
  message_sid  text,
  outcome      text NOT NULL,
  reason       text,
  attempt      integer NOT NULL,
  milliseconds integer NOT NULL
);
CREATE INDEX push_log_by_user ON push_log (user_sid, at);
CREATE INDEX push_log_by_message ON push_log (message_sid) WHERE message_sid IS NOT NULL;
CREATE INDEX push_log_by_age ON push_log (at);

-- Pushes that wait, by device and by credential.
CREATE INDEX outbox_waiting_device ON outbox ((job ->> 'binding_sid')) WHERE kind = 'push_retry';
CREATE INDEX outbox_waiting_credential ON outbox ((job ->> 'credential_sid')) WHERE kind = 'push_retry';
