"""Tests of chatcore.broker."""
