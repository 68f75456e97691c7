"""One asyncio connection to Redis or Valkey, shared by the drivers that talk to it."""
