"""Tests of types and rules."""
