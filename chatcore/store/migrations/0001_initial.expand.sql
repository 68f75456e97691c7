-- Rows that change with every message (channels, positions, streams) keep free space on their pages, and no index
-- holds a column that such a change moves: updates stay on the page (HOT).
--
-- Lock order everywhere: service → channels (ascending sid) → roster_positions → members → user_streams (ascending sid).
-- The channel's row lock makes message indexes and event offsets gapless in commit order.

CREATE TABLE accounts (
  sid                 text COLLATE "C" PRIMARY KEY,
  friendly_name       text NOT NULL,
  auth_token          bytea NOT NULL,               -- encrypted
  default_service_sid text,
  suspended           boolean NOT NULL DEFAULT false,
  date_created        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
  sid           text COLLATE "C" PRIMARY KEY,
  account_sid   text NOT NULL REFERENCES accounts,
  friendly_name text NOT NULL,
  secret        bytea NOT NULL,                     -- encrypted
  revoked_at    timestamptz,
  date_created  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE services (
  sid                              text COLLATE "C" PRIMARY KEY,
  account_sid                      text NOT NULL REFERENCES accounts,
  friendly_name                    text NOT NULL,
  default_service_role_sid         text NOT NULL,
  default_channel_role_sid         text NOT NULL,
  default_channel_creator_role_sid text NOT NULL,
  read_status_enabled              boolean NOT NULL DEFAULT true,
  reachability_enabled             boolean NOT NULL DEFAULT false,
  typing_indicator_timeout         integer NOT NULL DEFAULT 5,    -- seconds
  consumption_report_interval      integer NOT NULL DEFAULT 10,   -- seconds
  limit_channel_members            integer NOT NULL DEFAULT 100,
  limit_user_channels              integer NOT NULL DEFAULT 250,
  pre_webhook_url                  text,
  post_webhook_url                 text,
  webhook_method                   text,
  webhook_filters                  text[],
  pre_webhook_retry_count          integer NOT NULL DEFAULT 0,
  post_webhook_retry_count         integer NOT NULL DEFAULT 0,
  media_size_limit_mb              integer NOT NULL DEFAULT 150,
  media_compatibility_message      text NOT NULL DEFAULT 'Media messages are not supported by your client',
  notifications                    jsonb NOT NULL DEFAULT '{}',
  date_created                     timestamptz NOT NULL,
  date_updated                     timestamptz NOT NULL,
  deleted_at                       timestamptz                    -- answers 404 from then on; rows are purged later
);
CREATE INDEX services_by_date ON services (account_sid, date_created, sid) WHERE deleted_at IS NULL;

CREATE TABLE roles (
  sid           text COLLATE "C" PRIMARY KEY,
  service_sid   text NOT NULL REFERENCES services ON DELETE CASCADE,
  friendly_name text NOT NULL,
  type          text NOT NULL CHECK (type IN ('channel', 'deployment')),
  permissions   text[] NOT NULL,
  date_created  timestamptz NOT NULL,
  date_updated  timestamptz NOT NULL
);
CREATE INDEX roles_by_date ON roles (service_sid, date_created, sid);

CREATE TABLE users (
  sid           text COLLATE "C" PRIMARY KEY,
  service_sid   text NOT NULL REFERENCES services ON DELETE CASCADE,
  identity      text NOT NULL,
  friendly_name text,
  attributes    text NOT NULL DEFAULT '{}',
  role_sid      text NOT NULL,
  rev           bigint NOT NULL DEFAULT 0,          -- offset in the user's stream of the last change
  date_created  timestamptz NOT NULL,
  date_updated  timestamptz NOT NULL,
  CONSTRAINT users_identity UNIQUE (service_sid, identity)
);
CREATE INDEX users_by_date ON users (service_sid, date_created, sid);
CREATE INDEX users_by_role ON users (role_sid);

-- One event stream per user. The row is also the lock under which the user's memberships are counted.
CREATE TABLE user_streams (
  user_sid       text COLLATE "C" PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  last_seq       bigint NOT NULL DEFAULT 0,
  first_seq      bigint NOT NULL DEFAULT 1,         -- oldest offset still in the log
  epoch          text NOT NULL,
  joined_count   integer NOT NULL DEFAULT 0,
  info_position  bigint NOT NULL DEFAULT 1          -- order of profile and reachability changes
) WITH (fillfactor = 70);

CREATE TABLE user_events (
  user_sid   text COLLATE "C" NOT NULL,
  seq        bigint NOT NULL,
  type       text NOT NULL,
  subject    text NOT NULL DEFAULT '',
  payload    text NOT NULL,                         -- text, not jsonb: the bytes are passed through
  created_at timestamptz NOT NULL,
  PRIMARY KEY (user_sid, seq)
);
CREATE INDEX user_events_by_age ON user_events USING brin (created_at);

CREATE TABLE channels (
  sid                text COLLATE "C" PRIMARY KEY,
  service_sid        text NOT NULL REFERENCES services ON DELETE CASCADE,
  friendly_name      text,
  unique_name        text,
  type               text NOT NULL CHECK (type IN ('public', 'private')),
  attributes         text NOT NULL DEFAULT '{}',
  created_by         text NOT NULL,
  members_count      integer NOT NULL DEFAULT 0,
  next_index         bigint NOT NULL DEFAULT 0,     -- of the next message; never goes back
  deleted_count      bigint NOT NULL DEFAULT 0,     -- messages that existed once
  last_message_index bigint,                        -- of the newest message that exists
  last_message_sid   text,
  last_message_at    timestamptz,
  rev                bigint NOT NULL DEFAULT 0,
  last_seq           bigint NOT NULL DEFAULT 0,
  first_seq          bigint NOT NULL DEFAULT 1,
  epoch              text NOT NULL,
  date_created       timestamptz NOT NULL,
  date_updated       timestamptz NOT NULL,
  CONSTRAINT channels_unique_name UNIQUE (service_sid, unique_name)
) WITH (fillfactor = 70);
CREATE INDEX channels_by_date ON channels (service_sid, date_created, sid);
CREATE INDEX channels_by_type ON channels (service_sid, type, date_created, sid);

-- Order of all roster changes, read horizons included; its row lock is held to the commit.
CREATE TABLE roster_positions (
  channel_sid text COLLATE "C" PRIMARY KEY REFERENCES channels ON DELETE CASCADE,
  position    bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 70);

CREATE TABLE channel_events (
  channel_sid text COLLATE "C" NOT NULL,
  seq         bigint NOT NULL,
  type        text NOT NULL,
  subject     text NOT NULL DEFAULT '',
  payload     text NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (channel_sid, seq)
);
CREATE INDEX channel_events_by_age ON channel_events USING brin (created_at);

CREATE TABLE members (
  sid                         text COLLATE "C" PRIMARY KEY,
  service_sid                 text NOT NULL,
  channel_sid                 text COLLATE "C" NOT NULL REFERENCES channels ON DELETE CASCADE,
  user_sid                    text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
  identity                    text NOT NULL,
  role_sid                    text NOT NULL,
  attributes                  text NOT NULL DEFAULT '{}',
  notification_level          text NOT NULL DEFAULT 'default',
  last_consumed_message_index bigint,
  last_consumption_timestamp  timestamptz,
  date_created                timestamptz NOT NULL,
  date_updated                timestamptz NOT NULL,
  rev                         bigint NOT NULL,      -- offset in the channel's stream
  roster_created              bigint NOT NULL,      -- roster_positions.position
  roster_position             bigint NOT NULL,
  own_created                 bigint NOT NULL,      -- user_streams.last_seq
  own_position                bigint NOT NULL,
  CONSTRAINT members_identity UNIQUE (channel_sid, identity)
) WITH (fillfactor = 80);
CREATE INDEX members_by_date ON members (channel_sid, date_created, sid);
CREATE INDEX members_by_user ON members (user_sid, channel_sid);
CREATE INDEX members_by_role ON members (role_sid);

CREATE TABLE invites (
  sid          text COLLATE "C" PRIMARY KEY,
  service_sid  text NOT NULL,
  channel_sid  text COLLATE "C" NOT NULL REFERENCES channels ON DELETE CASCADE,
  user_sid     text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
  identity     text NOT NULL,
  role_sid     text NOT NULL,
  created_by   text NOT NULL,
  date_created timestamptz NOT NULL,
  date_updated timestamptz NOT NULL,
  own_position bigint NOT NULL,
  CONSTRAINT invites_identity UNIQUE (channel_sid, identity)
);
CREATE INDEX invites_by_date ON invites (channel_sid, date_created, sid);
CREATE INDEX invites_by_user ON invites (user_sid, channel_sid);
CREATE INDEX invites_by_role ON invites (role_sid);

CREATE TABLE messages (
  channel_sid     text COLLATE "C" NOT NULL,
  index           bigint NOT NULL,
  sid             text COLLATE "C" NOT NULL,
  service_sid     text NOT NULL,
  author          text NOT NULL,
  body            text,
  media           jsonb,
  attributes      text NOT NULL DEFAULT '{}',
  was_edited      boolean NOT NULL DEFAULT false,
  last_updated_by text,
  client_ref      text,
  date_created    timestamptz NOT NULL,
  date_updated    timestamptz NOT NULL,
  created_rev     bigint NOT NULL,
  rev             bigint NOT NULL,
  PRIMARY KEY (channel_sid, index),
  CONSTRAINT messages_sid UNIQUE (sid)
);
CREATE UNIQUE INDEX messages_client_ref ON messages (channel_sid, author, client_ref) WHERE client_ref IS NOT NULL;

-- Indexes burnt by deletion: unread counts subtract those above the horizon.
CREATE TABLE deleted_messages (
  channel_sid text COLLATE "C" NOT NULL,
  index       bigint NOT NULL,
  PRIMARY KEY (channel_sid, index)
);

CREATE TABLE outbox (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text NOT NULL,
  service_sid text NOT NULL,
  dedupe      text,
  lane        text,                                 -- order is kept inside a lane
  job         jsonb NOT NULL,
  progress    jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT now(),
  due_at      timestamptz NOT NULL DEFAULT now(),   -- moved ahead while claimed: this is the lease
  expires_at  timestamptz NOT NULL,
  attempts    smallint NOT NULL DEFAULT 0,
  claimed_by  text,
  last_error  text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX outbox_due ON outbox (kind, due_at);
CREATE INDEX outbox_lane ON outbox (lane, id) WHERE lane IS NOT NULL;
CREATE UNIQUE INDEX outbox_dedupe ON outbox (kind, service_sid, dedupe) WHERE dedupe IS NOT NULL;

CREATE TABLE outbox_dead (
  LIKE outbox,
  died_at timestamptz NOT NULL DEFAULT now(),
  reason  text NOT NULL
);

-- Deleted channels and services whose bulk still has to go; the worker removes it in batches.
CREATE TABLE purges (
  sid    text COLLATE "C" PRIMARY KEY,
  due_at timestamptz NOT NULL
);
