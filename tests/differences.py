"""In what two records differ, down to the last bit of each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pandas as pd

    from hexoframe.recording.data import RecordData


def differences(
    one: RecordData,
    other: RecordData,
    *,
    but: Collection[str] = (),
    only: Collection[str] | None = None,
) -> list[str]:
    """Say in what two records differ, down to the last bit of each sample."""
    if only is not None:
        pairs = [(name, one[name], other[name]) for name in only]
        return [text for pair in pairs for text in _frames_differ(*pair)]
    told = ("family", "start_tick", "end_tick", "scale")
    found = [
        f"{what}: {getattr(one, what)} and {getattr(other, what)}"
        for what in told
        if getattr(one, what) != getattr(other, what)
    ]
    mine, theirs = ([name for name in each if name not in but] for each in (one, other))
    if mine != theirs:
        found.append(f"channels: {set(mine) ^ set(theirs)} are in one alone")
    for name in mine:
        if name in other:
            found += _frames_differ(name, one[name], other[name])
    tables = ("ranges", "annotations", "track", "metrics", "statistics")
    found += [
        f"{table} differ"
        for table in tables
        if table not in but
        and not _same_table(getattr(one.facts, table), getattr(other.facts, table))
    ]
    return found


def _same_table(one: pd.DataFrame | None, other: pd.DataFrame | None) -> bool:
    return one is other if one is None or other is None else one.equals(other)


def _frames_differ(name: str, one: pd.DataFrame, other: pd.DataFrame) -> Iterator[str]:
    if not one.index.equals(other.index):
        yield f"{name}: {len(one)} and {len(other)} rows, or other times"
        return
    if one.dtypes.to_dict() != other.dtypes.to_dict():
        yield f"{name}: {one.dtypes} and {other.dtypes}"
        return
    if one.attrs != other.attrs:
        yield f"{name}: {one.attrs} and {other.attrs}"
    for column in one:
        mine, theirs = one[column].to_numpy(), other[column].to_numpy()
        signs = np.signbit(mine) == np.signbit(theirs)
        equal = np.array_equal(mine, theirs, equal_nan=True)
        if not equal or not (signs | np.isnan(mine)).all():
            yield f"{name}: values of {column}"
