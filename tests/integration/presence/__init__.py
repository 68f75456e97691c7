"""The presence against a real Valkey."""
