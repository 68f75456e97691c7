"""The reference: what the APIs offer, as tables, as documents for machines and as pages for people."""
