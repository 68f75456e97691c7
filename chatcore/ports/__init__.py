"""What the domain service needs of the world outside: store, broker, presence, clock, hooks. Satisfied by shape."""
