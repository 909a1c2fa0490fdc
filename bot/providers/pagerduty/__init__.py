"""PagerDuty (REST API v2): who is being woken, who is on call, and taking an incident."""
