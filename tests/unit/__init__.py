"""Pure and socket-free code: no I/O."""
