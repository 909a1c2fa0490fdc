"""All that knows Slack: listeners and their error boundary, blocks, the outbox, people."""
