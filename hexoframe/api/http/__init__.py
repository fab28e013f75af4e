"""Requests: rate limit, failures and retries, responses, and the session of a host."""
