"""The pure heart: facts, the states folded from them, the decisions between. Nothing here awaits or reads a clock."""
