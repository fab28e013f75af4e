"""The classic .txt of HxApi2_0: one file a channel, a line a sample, tabs between.

Folders are read in `reader` and written in `writer`; `lines` has the lines of samples,
`stamps` their time stamps, `values` their numbers, `channel` a channel that is read
when touched, `facts` the files beside the samples, `names` the names of files, `model`
the decision which device they come from. No other format lives here.
"""

from hexoframe.formats.text.reader import read, sniff
from hexoframe.formats.text.writer import write

__all__ = ["read", "sniff", "write"]
