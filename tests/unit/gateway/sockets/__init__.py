"""The WebSocket driver, fed by hand and over real sockets."""
