"""A Slack workspace nobody has to log into, and a small world to operate on."""
