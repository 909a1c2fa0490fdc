"""Mail through one SMTP server, to those whom the target lists."""
