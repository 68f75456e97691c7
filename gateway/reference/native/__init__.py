"""The native protocol as tables: methods, events, resources."""
