"""Mirrors gateway/sdkhttp."""
