"""The operations and resources of each REST API, one module per API and kind."""
