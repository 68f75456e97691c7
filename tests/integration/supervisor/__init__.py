"""The supervisor over real servers and stand-in processes."""
