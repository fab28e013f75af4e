"""Hexoskin and Astroskin recordings as pandas DataFrames.

Open a recording from files with `open_record`, many with `open_records`; look at the
channels of a model with `channel_table`, `code_table` and `schema`. A `Record` is a
mapping from channel to DataFrame; it tells what is missing (``coverage``, ``gaps``),
cuts, aligns and writes. What is raised and warned is in `errors`, exact conversions of
time are in `timestamps`.
"""

# The names are looked up in their modules at first use, so that ``import hexoframe``
# alone loads neither numpy nor pandas. No work is done here.

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe import errors, timestamps
    from hexoframe.channels import channel_table, code_table, schema
    from hexoframe.doors import open_record, open_records
    from hexoframe.record import Record

__all__ = [
    "Record",
    "__version__",
    "channel_table",
    "code_table",
    "errors",
    "open_record",
    "open_records",
    "schema",
    "timestamps",
]

# Where each name lives; a module lives in itself.
_HOMES = {
    "Record": "hexoframe.record",
    "channel_table": "hexoframe.channels",
    "code_table": "hexoframe.channels",
    "errors": "hexoframe.errors",
    "open_record": "hexoframe.doors",
    "open_records": "hexoframe.doors",
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
