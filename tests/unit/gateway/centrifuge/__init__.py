"""Unit tests of the native real-time protocol."""
