"""Values to blocks: pure functions, within Block Kit's limits by construction."""
