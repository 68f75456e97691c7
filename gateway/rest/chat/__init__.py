"""Chat v2 resources: routes and their JSON."""
