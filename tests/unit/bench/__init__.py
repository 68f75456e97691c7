"""Unit tests of the load rig: what it works out, not what it measures."""
