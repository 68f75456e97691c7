"""The broker against a real Valkey."""
