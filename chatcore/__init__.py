"""What chat is: domain, commands, and the drivers behind their ports. Knows no wire protocol and no web framework."""
