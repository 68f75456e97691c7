"""Proof that nothing is lost: real processes, faults of every kind, and ledgers of what clients were promised."""
