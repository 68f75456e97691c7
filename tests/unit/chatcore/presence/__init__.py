"""Tests of chatcore.presence."""
