"""Who is reachable: one expiring Redis entry per connection."""
