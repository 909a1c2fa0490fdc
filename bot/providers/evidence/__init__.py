"""Where evidence is kept: a folder of the bot's own, or a bucket; masked, with checksums, never overwritten."""
