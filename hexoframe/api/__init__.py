"""The service: from the id of a record to its channels, and what users write.

==================== ==========================================================
links                hosts, and which links of an answer may be followed
auth.schemes         ways to log in; secrets, tokens
auth.tokenstore      where tokens are kept: keyring, file
auth.credentials     the search for credentials
http.limiter         rate limit of requests
http.failures        errors of failed requests, and retries
http.responses       bodies of answers and partial files
http.session         sends requests to one host
load.resources       lists of the service: filters as queries, columns of frames
load.chunks          what one request for samples brings, and its store on disk
load.plan            which requests a load needs, and what they cost
load.recordhead      what the service says about a record beside its samples
load.progress        progress bar on stderr
load.threads         daemon thread pool
load.fetch           fetches the chunks of a plan
load.build           builds a record from the chunks
load.joining         joins several records into one
load.download        a load as a whole: cache or service
load.follow          a record while it is recorded
write.content        what is created or changed: checked, compared with what is there
write.changes        creates, changes and deletes, each once
write.files          activities as files: sent, and downloaded
==================== ==========================================================

A module imports only modules that stand above it in this list. `resources`, `chunks`,
`plan`, `build`, `joining` and `content` send no request. What the samples in an answer
mean is known to `hexoframe.formats`.
"""
