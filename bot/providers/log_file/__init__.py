"""A log file of the application, on the bot's own machine or on another one over SSH: only read, and only its end."""
