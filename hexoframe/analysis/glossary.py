"""The definitions of what results hold: a row a column, with its unit.

They are data (`definitions.csv`), so that docstrings, tables and files say the same.
Metrics of `summary` have an index of their own in `metrics`.
"""

from __future__ import annotations

import csv
import functools
from importlib.resources import files

import pandas as pd

from hexoframe.errors import ConfigurationError

__all__ = ["definitions"]


@functools.cache
def _rows() -> tuple[dict[str, str], ...]:
    text = files("hexoframe.analysis").joinpath("definitions.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def definitions(result: str | None = None) -> pd.DataFrame:
    """Return the definitions of the columns of results.

    Parameters
    ----------
    result : str, optional
        Method of a record, such as ``"sleep"``; all by default.

    Returns
    -------
    DataFrame
        result, the method of `hexoframe.Record`; name of the column; unit; definition.

    Raises
    ------
    ConfigurationError
        If no such result is defined here.

    Examples
    --------
    >>> definitions("sleep").set_index("name").loc["se", "definition"]
    'sleep efficiency, 100 x tst / tib'
    """
    table = pd.DataFrame(_rows(), dtype="string")
    if result is None:
        return table
    known = list(dict.fromkeys(table["result"]))
    if result not in known:
        raise ConfigurationError(
            f"result={result!r}: definitions are there for {', '.join(known)}; "
            "metric_table() has those of summary"
        )
    return table[table["result"] == result].reset_index(drop=True)
