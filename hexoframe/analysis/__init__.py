"""Results computed from a record: frames in, frames out; no files, no network.

======== ====================================================================
align    channels of different rates on one time grid
blocks   streams of a record larger than memory: aligned rows, windows
bins     arithmetic of bins of equal length
coverage expected and received samples, and the list of gaps
quality  quality flags by name, and spans of bad data with their reasons
spans    spans of time that a result has a row for: lengths, days, activities
======== ====================================================================
"""
