"""The data of one recording: channels as frames, facts, gaps.

========== ==================================================================
data       RecordData: the channels of a record, look-up, views, lazy channels
frames     the frame of a channel: make, check, cut, narrow
metadata   the block of facts that travels with a frame
facts      ranges, annotations, track, metrics: what a source says beside samples
gaps       gaps, receipts and surveys, and their arithmetic in ticks
survey     counts the samples of a channel and finds its gaps
deidentify a record without what tells who wore the shirt
safefacts  the facts that name nobody: an allow-list
shifting   a record moved in time
========== ==================================================================

Methods for users belong in `hexoframe.record`, results in `hexoframe.analysis`, files
in `hexoframe.formats`.
"""
