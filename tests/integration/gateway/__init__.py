"""Sessions of the native protocol over a real database and a broker that can be made to lose."""
