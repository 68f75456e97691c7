"""Files of messages over HTTP: upload, records, content; for servers, SDK clients and whoever holds a signed link."""
