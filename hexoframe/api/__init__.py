"""The service: from the id of a record to its channels.

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
about      what the service says of a record beside its samples
progress   how far a download is, on stderr
shelf      the finished pieces of a download on disk
crew       a few threads that share out jobs
fetch      fetches the pieces of a plan, several at a time
assemble   makes a record of the pieces that came
joining    several records put one behind the other
download   a load as a whole: cache or service, and the steps in their order
========== ==================================================================

A module uses only those above it. From `queries` to `plan`, and in `shelf`, `assemble`
and `joining`, none asks the network. What the samples in an answer mean is known to
`hexoframe.formats`; who asks for what, to `hexoframe.client`.
"""
