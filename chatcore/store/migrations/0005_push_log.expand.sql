-- The log of pushes also says why there was none. A line without a user is about everybody whom the event concerned; one
-- without a binding is about none of its devices in particular. `attempt` 0: nothing was sent.
ALTER TABLE push_log
  ADD COLUMN status smallint,                            -- of the provider's HTTP answer
  ALTER COLUMN user_sid DROP NOT NULL,
  ALTER COLUMN push_id DROP NOT NULL,
  ALTER COLUMN binding_sid DROP NOT NULL,
  ALTER COLUMN provider DROP NOT NULL,
  ALTER COLUMN address_end DROP NOT NULL;
