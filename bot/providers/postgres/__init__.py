"""The team's PostgreSQL as a patient: bounded reads in read-only transactions, and a few guarded changes."""
