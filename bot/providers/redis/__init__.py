"""The team's Redis as a patient: reads only, and never a key's name or value."""
