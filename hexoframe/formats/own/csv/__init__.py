"""hexoframe's own CSV: one folder a record, one tidy file a channel, and a manifest.

Folders, and single files of an aligned frame, are written in `writer`; folders are read
in `reader`. What the manifest says is the same as for Parquet, and stands in
`manifest`; the cells of any CSV are read in `cells`. CSVs of the service and the vendor
are formats of their own (dashboard, converter).
"""

from hexoframe.formats.own.csv.reader import read, sniff
from hexoframe.formats.own.csv.writer import write, write_frame

__all__ = ["read", "sniff", "write", "write_frame"]
