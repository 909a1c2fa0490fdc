"""The team's Redis as a patient: never a value; key names only masked, and changes only under allowed prefixes."""
