"""The manifest of hexoframe's own formats, Parquet and CSV, which is one and the same.

A record is a folder: one file a channel, and one JSON file, the manifest, with all that
such files cannot say: family, clock, scale, span, zone, info and tables of facts, and
for each file its rows, ticks, size and receipt. `layout` has the names of both formats,
`writer` and `reader` the manifest itself, `tables` the tables of facts in it, and
`promises` compares files with it and opens the record. No sample is read or written in
this package: that is up to the formats.
"""

from hexoframe.formats.own.manifest.layout import (
    CSV,
    PARQUET,
    VERSION,
    Contents,
    Layout,
    Stored,
)
from hexoframe.formats.own.manifest.reader import (
    check_version,
    parse_about,
    parse_stored,
    read_manifest,
    reason,
)
from hexoframe.formats.own.manifest.verify import (
    Fault,
    find_faults,
    open_contents,
    refuse,
    rescaled,
)
from hexoframe.formats.own.manifest.writer import (
    Tally,
    about_record,
    as_json,
    rewrite_facts,
    target_of,
    write_manifest,
)

__all__ = [
    "CSV",
    "PARQUET",
    "VERSION",
    "Contents",
    "Fault",
    "Layout",
    "Stored",
    "Tally",
    "about_record",
    "as_json",
    "check_version",
    "find_faults",
    "open_contents",
    "parse_about",
    "parse_stored",
    "read_manifest",
    "reason",
    "refuse",
    "rescaled",
    "rewrite_facts",
    "target_of",
    "write_manifest",
]
