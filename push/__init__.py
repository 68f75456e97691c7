"""The worker process: drains the outbox and keeps the logs within their retention."""
