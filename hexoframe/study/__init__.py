"""Many recordings in one place: a study on a disk or in a bucket.

============ ================================================================
storage      a folder or a URL; files appear whole or not at all
layout       where each file lies, and the note that makes a root a study
receipts     what is there of a record, and from where; all of them as a table
records      records are written into a study, and opened from it
planning     what a sync from the service would cost
sync         records come in, from the service or from files
duplicates   recordings met twice
subjects     who wore the shirt
tables       results as tables, and as one frame
tasks        one task of a map, in a worker
workers      who does the tasks: processes, or any executor
mapping      a function over all records
results      what a map computed
compaction   copies of slow channels, many records a file
verification each file beside its receipt
outcomes     failures as rows, and what a sync brought
progress     one bar for many records
study        Study: all of this for users
============ ================================================================
"""

# Names are imported at first use, as at the front door.

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hexoframe.study.study import Study, open_study
else:

    def __getattr__(name: str) -> object:
        """Import a public name at its first use, and keep it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415

        value = getattr(import_module("hexoframe.study.study"), name)
        return globals().setdefault(name, value)


__all__ = ["Study", "open_study"]
