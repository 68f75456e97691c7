-- What Conversations, webhooks, media and push registration add to chat. Every new column has a default, so that code
-- which does not know it can go on writing.

ALTER TABLE accounts
  ADD COLUMN default_messaging_service_sid text,
  ADD COLUMN default_inactive_timer        text,        -- ISO 8601 duration, as given
  ADD COLUMN default_closed_timer          text,
  ADD COLUMN webhook_method                text NOT NULL DEFAULT 'POST',
  ADD COLUMN webhook_filters               text[] NOT NULL DEFAULT '{}',
  ADD COLUMN pre_webhook_url               text,
  ADD COLUMN post_webhook_url              text,
  ADD COLUMN webhook_target                text NOT NULL DEFAULT 'webhook';

ALTER TABLE services
  ADD COLUMN event_urls                 jsonb NOT NULL DEFAULT '{}',  -- Chat v1: URL and method per event
  ADD COLUMN conversation_notifications jsonb NOT NULL DEFAULT '{}';

ALTER TABLE channels
  ADD COLUMN messaging_service_sid text,
  ADD COLUMN state                 text NOT NULL DEFAULT 'active'
    CHECK (state IN ('initializing', 'inactive', 'active', 'closed')),
  ADD COLUMN state_updated         timestamptz,          -- null: never changed since creation
  ADD COLUMN inactive_after        bigint,               -- seconds of silence
  ADD COLUMN closed_after          bigint,
  ADD COLUMN date_inactive         timestamptz,          -- when the timers fire; null: not running
  ADD COLUMN date_closed           timestamptz,
  ADD COLUMN email                 jsonb,                -- name, address
  ADD COLUMN webhooks_count        integer NOT NULL DEFAULT 0,
  ADD COLUMN guests_count          integer NOT NULL DEFAULT 0,  -- participants without identity
  ADD COLUMN creator_left          boolean NOT NULL DEFAULT false;  -- may come back by invitation only
CREATE INDEX channels_by_timer ON channels (least(date_inactive, date_closed))
  WHERE date_inactive IS NOT NULL OR date_closed IS NOT NULL;

ALTER TABLE messages
  ADD COLUMN member_sid        text,                     -- of the author, where it was a member
  ADD COLUMN subject           text,
  ADD COLUMN content_sid       text,
  ADD COLUMN content_variables text;

-- Participants that are reached by an address and have no identity; they never log in.
CREATE TABLE guests (
  sid                     text COLLATE "C" PRIMARY KEY,
  service_sid             text NOT NULL,
  channel_sid             text COLLATE "C" NOT NULL REFERENCES channels ON DELETE CASCADE,
  type                    text NOT NULL,
  address                 text NOT NULL,
  proxy_address           text,
  projected_address       text,
  name                    text,
  level                   text,
  role_sid                text,
  attributes              text NOT NULL DEFAULT '{}',
  last_read_message_index bigint,
  last_read_timestamp     timestamptz,
  in_use                  boolean NOT NULL DEFAULT true, -- false once the conversation is closed: the pair is free again
  date_created            timestamptz NOT NULL,
  date_updated            timestamptz NOT NULL,
  rev                     bigint NOT NULL,
  roster_created          bigint NOT NULL,
  roster_position         bigint NOT NULL
);
CREATE INDEX guests_by_date ON guests (channel_sid, date_created, sid);
CREATE INDEX guests_by_address ON guests (service_sid, address);
CREATE UNIQUE INDEX guests_pair ON guests (service_sid, address, proxy_address)
  WHERE in_use AND proxy_address IS NOT NULL;
CREATE INDEX guests_by_role ON guests (role_sid) WHERE role_sid IS NOT NULL;

CREATE TABLE media (
  sid                 text COLLATE "C" PRIMARY KEY,
  service_sid         text NOT NULL,
  author              text,                              -- null: uploaded by a server
  category            text NOT NULL,
  content_type        text NOT NULL,
  filename            text,
  size                bigint NOT NULL,
  multipart           boolean NOT NULL,
  channel_sid         text COLLATE "C",
  message_sid         text COLLATE "C",
  message_index       bigint,
  uploaded_at         timestamptz,                       -- null: announced, bytes still to come
  date_created        timestamptz NOT NULL,
  date_updated        timestamptz NOT NULL
);
CREATE INDEX media_by_channel ON media (channel_sid, message_index) WHERE channel_sid IS NOT NULL;
CREATE INDEX media_unattached ON media (date_created) WHERE message_sid IS NULL;
CREATE INDEX media_by_service ON media (service_sid, sid);

CREATE TABLE channel_webhooks (
  sid          text COLLATE "C" PRIMARY KEY,
  service_sid  text NOT NULL,
  channel_sid  text COLLATE "C" NOT NULL REFERENCES channels ON DELETE CASCADE,
  vocabulary   text NOT NULL CHECK (vocabulary IN ('chat', 'conversations')),
  type         text NOT NULL CHECK (type IN ('webhook', 'trigger', 'studio')),
  url          text,
  method       text,                                     -- in the case it was given
  filters      text[] NOT NULL DEFAULT '{}',
  triggers     text[] NOT NULL DEFAULT '{}',
  flow_sid     text,
  retry_count  integer NOT NULL DEFAULT 0,
  replay_after bigint,
  date_created timestamptz NOT NULL,
  date_updated timestamptz NOT NULL
);
CREATE INDEX channel_webhooks_by_date ON channel_webhooks (channel_sid, date_created, sid);

CREATE TABLE credentials (
  sid           text COLLATE "C" PRIMARY KEY,
  account_sid   text NOT NULL REFERENCES accounts,
  friendly_name text,
  type          text NOT NULL CHECK (type IN ('apn', 'gcm', 'fcm')),
  sandbox       boolean,
  secret        bytea NOT NULL,                          -- encrypted JSON
  date_created  timestamptz NOT NULL,
  date_updated  timestamptz NOT NULL
);
CREATE INDEX credentials_by_date ON credentials (account_sid, date_created, sid);

CREATE TABLE bindings (
  sid            text COLLATE "C" PRIMARY KEY,
  service_sid    text NOT NULL REFERENCES services ON DELETE CASCADE,
  user_sid       text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
  identity       text NOT NULL,
  binding_type   text NOT NULL CHECK (binding_type IN ('apn', 'gcm', 'fcm')),
  endpoint       text NOT NULL,
  address        text NOT NULL,
  credential_sid text NOT NULL REFERENCES credentials ON DELETE CASCADE,
  message_types  text[] NOT NULL,
  vocabulary     text NOT NULL CHECK (vocabulary IN ('chat', 'conversations')),
  registered_at  timestamptz NOT NULL,
  invalid_at     timestamptz,                            -- the provider said that the token is dead
  invalid_reason text,
  date_created   timestamptz NOT NULL,
  date_updated   timestamptz NOT NULL,
  CONSTRAINT bindings_endpoint UNIQUE (service_sid, identity, binding_type, endpoint),
  CONSTRAINT bindings_address UNIQUE (service_sid, binding_type, address)
);
CREATE INDEX bindings_by_date ON bindings (service_sid, date_created, sid);
CREATE INDEX bindings_by_user ON bindings (user_sid, date_created, sid);
CREATE INDEX bindings_by_credential ON bindings (credential_sid);

CREATE TABLE address_configurations (
  sid             text COLLATE "C" PRIMARY KEY,
  account_sid     text NOT NULL REFERENCES accounts,
  type            text NOT NULL,
  address         text NOT NULL,
  address_country text,
  friendly_name   text,
  auto_creation   jsonb NOT NULL DEFAULT '{}',
  date_created    timestamptz NOT NULL,
  date_updated    timestamptz NOT NULL,
  CONSTRAINT address_configurations_address UNIQUE (account_sid, address)
);
CREATE INDEX address_configurations_by_date ON address_configurations (account_sid, date_created, sid);

-- What a messaging gateway reported about one message and one guest.
CREATE TABLE delivery_receipts (
  sid                 text COLLATE "C" PRIMARY KEY,
  service_sid         text NOT NULL,
  channel_sid         text COLLATE "C" NOT NULL REFERENCES channels ON DELETE CASCADE,
  message_sid         text COLLATE "C" NOT NULL,
  participant_sid     text NOT NULL,
  channel_message_sid text,
  status              text NOT NULL CHECK (status IN ('sent', 'delivered', 'read', 'failed', 'undelivered')),
  error_code          integer NOT NULL DEFAULT 0,
  date_created        timestamptz NOT NULL,
  date_updated        timestamptz NOT NULL,
  CONSTRAINT delivery_receipts_participant UNIQUE (message_sid, participant_sid)
);
CREATE INDEX delivery_receipts_by_date ON delivery_receipts (message_sid, date_created, sid);
CREATE INDEX delivery_receipts_by_channel ON delivery_receipts (channel_sid);

-- Who left a channel, for rosters that catch up.
CREATE INDEX channel_events_left ON channel_events (channel_sid, seq) WHERE type = 'member.left';

UPDATE accounts SET default_messaging_service_sid = 'MG' || replace(gen_random_uuid()::text, '-', '');
ALTER TABLE accounts ALTER COLUMN default_messaging_service_sid
  SET DEFAULT 'MG' || replace(gen_random_uuid()::text, '-', '');
