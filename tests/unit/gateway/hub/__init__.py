"""Tests of rooms, fan-out, repair and attendance."""
