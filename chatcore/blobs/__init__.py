"""Bytes of files in an object store: a folder, S3, Google Cloud Storage or Azure."""
