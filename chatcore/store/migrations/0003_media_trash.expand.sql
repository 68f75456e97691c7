-- Files whose bytes still have to go. An entry is the SID of a file without a record (ME, with its service), or of a
-- deleted channel or service (CH, IS) whose files become entries of their own. The worker removes them in batches.
CREATE TABLE media_trash (
  sid         text COLLATE "C" PRIMARY KEY,
  service_sid text,                                      -- null for channels and services
  due_at      timestamptz NOT NULL DEFAULT now()         -- later while somebody works on it, or after a failure
);
CREATE INDEX media_trash_by_due ON media_trash (due_at);

-- Whoever holds a signed upload link may begin once at a time: of two uploads only one may write the bytes.
ALTER TABLE media ADD COLUMN uploading_until timestamptz;

-- A trigger, because channels go in several ways (by command, and in batches once their service is gone) and none of
-- them may leave files behind.
CREATE FUNCTION trash_media_of_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO media_trash (sid) SELECT sid FROM gone ON CONFLICT (sid) DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER channels_trash_media AFTER DELETE ON channels
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION trash_media_of_deleted();
CREATE TRIGGER services_trash_media AFTER DELETE ON services
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION trash_media_of_deleted();
