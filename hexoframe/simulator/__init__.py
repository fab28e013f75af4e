"""A Hexoskin in a box: a synthetic shirt, its exports and a server that serves them.

Nothing is imported here: `shirt` and `export` need numpy alone, `server` more.
"""
