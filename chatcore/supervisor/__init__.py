"""Starts the processes of the product, keeps them alive and stops them in order."""
