"""Conversations v1: routes and their JSON."""
