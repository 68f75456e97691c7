"""One node: client sockets and REST. Start reading at main.py."""
