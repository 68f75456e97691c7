"""Tests of chatcore.resp."""
