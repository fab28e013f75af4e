"""The tables of facts as JSON, and back: a list of cells a column, null where unknown.

They stand in the manifest, as they are small and belong to the whole record. Their
shapes are written down in hexoframe.recording.facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hexoframe.recording.facts import SHAPES, Facts

__all__ = ["facts_from_json", "facts_to_json"]


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """Return the tables; None where the source does not know one."""
    tables = {name: getattr(facts, name) for name in SHAPES}
    return {
        name: None if table is None else _cells(table, SHAPES[name])
        for name, table in tables.items()
    }


def facts_from_json(info: dict[str, Any], tables: Mapping[str, Any]) -> Facts:
    """Return facts of which `facts_to_json` wrote the tables.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a column is missing or holds something else.
    """
    known = {name: tables[name] for name in SHAPES if tables[name] is not None}
    return Facts(
        info=info, **{name: _table(known[name], SHAPES[name]) for name in known}
    )


def _cells(table: pd.DataFrame, shape: Mapping[str, str]) -> dict[str, list[Any]]:
    whole = table.reset_index() if "time" in shape else table
    return {column: _plain(whole[column]) for column in shape}


def _plain(column: pd.Series[Any]) -> list[Any]:
    known = column.notna()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.map(pd.Timestamp.isoformat, na_action="ignore")
    return column.astype("object").where(known, None).tolist()


def _table(cells: Mapping[str, Any], shape: Mapping[str, str]) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for column, dtype in shape.items():
        if dtype.startswith("datetime64"):
            times = pd.to_datetime(cells[column], utc=True, format="ISO8601")
            columns[column] = times.as_unit("ns")
        else:
            columns[column] = pd.array(cells[column], dtype=dtype)
    table = pd.DataFrame(columns)
    return table.set_index("time") if "time" in table else table
