"""`plantao check` and `plantao audit`: what ships against itself, and the record against itself."""
