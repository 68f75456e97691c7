"""Other servers that hand the same bytes to as many subscribers."""
