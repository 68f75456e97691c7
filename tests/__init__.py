"""Behaviour of the product: unit, integration, end to end."""
