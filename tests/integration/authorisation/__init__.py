"""Who may do what: one table of everything that can be asked of a gateway, and of everybody who may ask."""
