"""Who asks: credentials, where they come from, and where a token is kept."""
