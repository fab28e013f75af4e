"""Credentials: ways to log in, where secrets come from, and where tokens are kept."""
