"""Redis/Valkey pub/sub driver: topic names, bytes between nodes."""
