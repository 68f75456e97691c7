"""Files over HTTP and in the native protocol, over a real database and a folder."""
