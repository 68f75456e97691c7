"""Deployment files and operations documentation against the catalogues."""
