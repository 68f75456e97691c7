"""Clients that mean harm, and the others who must not notice."""
