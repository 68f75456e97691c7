"""The domain service: one public method is one command. Awaits ports, never a socket."""
