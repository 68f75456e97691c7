"""Tests of chatcore.webhooks."""
