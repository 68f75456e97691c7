"""Pure types and rules of chat: no I/O, no third-party imports."""
