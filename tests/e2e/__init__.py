"""Whole product, official SDKs."""
