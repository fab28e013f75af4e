"""The data of a recording: channels as frames, facts, gaps. No verbs of a user.

`data` holds `RecordData`, the channels of one record; `frames` makes and cuts the frame
of a channel, `metadata` is what a frame says of itself, `facts` what a source says
beside the samples. `ledger` counts what is missing. Results are computed in
`hexoframe.analysis`, files are read and written in `hexoframe.formats`.
"""
