"""The application's own admin API: its figures, its customers' keys, a customer's settings."""
