"""The way from Slack to the app: signed HTTP requests, or envelopes over Socket Mode."""
