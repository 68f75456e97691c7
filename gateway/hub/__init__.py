"""Topics and their local readers: fan-out, and the relay that keeps each topic gap-free."""
