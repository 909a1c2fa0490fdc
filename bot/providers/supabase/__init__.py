"""Supabase: its auth and data API as our services meet them, and the project as its Management API sees it."""
