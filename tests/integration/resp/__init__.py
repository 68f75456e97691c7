"""The connection over real sockets."""
