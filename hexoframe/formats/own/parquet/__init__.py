"""hexoframe's own Parquet: one folder a record, one file a channel, and a manifest.

Nothing is lost on the way, and every channel file also opens alone: here, and in
pandas, polars and DuckDB as physical values with a proper time column. Folders are
written in `writer` and read in `reader`; `footer` has what a channel file says of
itself. What the manifest says is the same as for the CSV, and stands in `manifest`.
"""

from hexoframe.formats.own.parquet.reader import read, sniff, verify
from hexoframe.formats.own.parquet.writer import write, write_facts

__all__ = ["read", "sniff", "verify", "write", "write_facts"]
