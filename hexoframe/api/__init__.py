"""The service: from a request to bytes, objects and frames.

========== ==================================================================
links      one host: its name, and which links may be followed
tokens     secrets that are not shown, tokens, what renews them
auth       credentials, each attached to requests to its own host alone
stores     where a token is kept: the keyring, a file
sources    where credentials come from
limiter    at most five requests a second, for all threads and processes
failures   what a refused, failed or missing answer means
retries    when a request is sent again
bodies     whole bodies and files
pages      the pages of a list
transport  requests, by all of these
queries    filters as queries, ids of related objects
resources  lists of objects as frames
pieces     parts of a record that one request brings
costs      what pieces cost: requests, megabytes, minutes
plan       which pieces a load needs, before anything is sent
========== ==================================================================

A module uses only those above it; from `queries` on, none needs the network. What
the samples in an answer mean is known to `hexoframe.formats`.
"""
