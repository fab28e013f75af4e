"""Hexoskin and Astroskin recordings as pandas DataFrames.

Load a recording from the service with `load_record`, or open one from files with
`open_record`, many with `open_records`. Who asks the service is said by `login` or by
``HEXOFRAME_*`` variables; `list_records` shows what there is, `connect` gives a
`Client` with all that can be asked, `cache` holds what was loaded. Look at the channels
of a model with `channel_table`, `code_table` and `schema`. A `Record` is a mapping from
channel to DataFrame; it tells what is missing (``coverage``, ``gaps``), cuts, aligns
and writes. What is raised and warned is in `errors`, exact conversions of time are in
`timestamps`.
"""

# The names are looked up in their modules at first use, so that ``import hexoframe``
# alone loads neither numpy nor pandas. No work is done here.

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe import cache, errors, timestamps
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

__all__ = [
    "Client",
    "Record",
    "__version__",
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
    "record_info",
    "schema",
    "timestamps",
]

# Where each name lives; a module lives in itself.
_HOMES = {
    "Client": "hexoframe.client",
    "Record": "hexoframe.record",
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
    "record_info": "hexoframe.service",
    "schema": "hexoframe.channels",
    "timestamps": "hexoframe.timestamps",
}


def __getattr__(name: str) -> Any:
    """Import a public name at its first use, and keep it."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(home)
    value = module if home == f"{__name__}.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, and no others."""
    return sorted(__all__)
