"""Hexoskin and Astroskin recordings as pandas DataFrames.

Load a recording from the service with `load_record`, or open files with `open_record`
and `open_records`. `login` or ``HEXOFRAME_*`` variables give the credentials;
`list_records` lists recordings, `connect` returns a `Client` for everything else,
`cache` keeps what was loaded. `channel_table`, `code_table` and `schema` describe the
channels of a model. A `Record` is a mapping from channel to DataFrame; it shows what is
missing (``coverage``, ``gaps``), cuts, aligns, plots and writes. `open_study` keeps
many recordings in one place and computes over them. `errors` has every
error and warning, `timestamps` exact conversions of time.

The package, from bottom to top:

========== =================================================================
errors     every error and warning
digits     numbers as columns of ASCII bytes; texttable: columns for people
jsontext   JSON from outside, typed at the door; paths: what lies on a disk
timestamps ticks <-> UTC <-> text
channels   what the channels are: table, codes, counts <-> physical values
recording  the data of a recording: frames, facts, metadata, gaps
analysis   results: alignment, coverage, quality; frames in, frames out
formats    bytes <-> RecordData, one module or package a format; no network
plotting   figures
bridges    arrays for other libraries, in memory
cache      records on disk
api        the service: auth (credentials), http (requests), load, write
reprs      a record as text and as HTML
record     Record: one recording, with every method for users
client     Client: one server with one credential
opening    files -> Record
service    load_record, list_records ...: methods of a Client as functions
study      many recordings in one place: sync, map, results
simulator  a synthetic shirt, and a local server that answers like the real one
hxapi      the names of the old script HxApi2_0
app        the application: command line, menu, demo
========== =================================================================
"""

# Names are imported from their modules at first use: ``import hexoframe`` alone loads
# neither numpy nor pandas. No work is done here.

from __future__ import annotations

from typing import TYPE_CHECKING

from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe import analysis, cache, errors, plotting, timestamps
    from hexoframe.channels import channel_table, code_table, schema
    from hexoframe.client import Client, connect
    from hexoframe.opening import open_record, open_records
    from hexoframe.record import Record
    from hexoframe.service import (
        estimate,
        list_records,
        load_channel,
        load_range,
        load_record,
        login,
        logout,
        record_info,
    )
    from hexoframe.study import open_study
else:
    from importlib import import_module

    def __getattr__(name: str) -> object:
        """Import a public name at its first use, and keep it."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(home)
        value = module if home == f"{__name__}.{name}" else getattr(module, name)
        return globals().setdefault(name, value)


__all__ = [
    "Client",
    "Record",
    "__version__",
    "analysis",
    "cache",
    "channel_table",
    "code_table",
    "connect",
    "errors",
    "estimate",
    "list_records",
    "load_channel",
    "load_range",
    "load_record",
    "login",
    "logout",
    "open_record",
    "open_records",
    "open_study",
    "plotting",
    "record_info",
    "schema",
    "timestamps",
]

# Where each name lives; a module lives in itself.
_HOMES = {
    "Client": "hexoframe.client",
    "Record": "hexoframe.record",
    "analysis": "hexoframe.analysis",
    "cache": "hexoframe.cache",
    "channel_table": "hexoframe.channels",
    "code_table": "hexoframe.channels",
    "connect": "hexoframe.client",
    "errors": "hexoframe.errors",
    "estimate": "hexoframe.service",
    "list_records": "hexoframe.service",
    "load_channel": "hexoframe.service",
    "load_range": "hexoframe.service",
    "load_record": "hexoframe.service",
    "login": "hexoframe.service",
    "logout": "hexoframe.service",
    "open_record": "hexoframe.opening",
    "open_records": "hexoframe.opening",
    "open_study": "hexoframe.study.study",
    "plotting": "hexoframe.plotting",
    "record_info": "hexoframe.service",
    "schema": "hexoframe.channels",
    "timestamps": "hexoframe.timestamps",
}


def __dir__() -> list[str]:
    """List the public names, and no others."""
    return sorted(__all__)
