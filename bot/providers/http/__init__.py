"""Web addresses as patients, and the bounded client on which the JSON APIs of observability stand."""
