"""What may become of an input, and how it is compared with its original."""

from __future__ import annotations

import os
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from hexoframe.errors import (
    HexoframeError,
    HexoframeWarning,
    UnverifiedCalibrationWarning,
)
from hexoframe.recording.data import RecordData
from tests.differences import differences

GOOD = ("whole", "partial", "refused", "unknowable")
BAD = ("escape", "hang", "lost", "memory")
MEANING = {
    "whole": "opened whole, equal to the original",
    "partial": "opened with a warning, in part or changed",
    "refused": "refused with a HexoframeError",
    "unknowable": "opened, altered where the format has nothing to notice it by",
    "escape": "another exception or warning than those of hexoframe, or a crash",
    "hang": "longer than the limit of time",
    "lost": "a target destroyed, or a difference that had to be noticed and was not",
    "memory": "more memory than the limit",
}


class Result(NamedTuple):
    """The verdict on an input, and what led to it."""

    verdict: str
    what: str = ""


class HangError(BaseException):
    """The package would wait for longer than anybody waits.

    No ordinary exception, so that no handler of the package takes it for one.
    """


class NotThereError(HexoframeError):
    """FileNotFoundError of what is not there, which is documented."""


@contextmanager
def documented(path: str | Path) -> Iterator[None]:
    """Take a FileNotFoundError for a refusal if there is no such file."""
    try:
        yield
    except FileNotFoundError as error:
        if os.path.exists(path):  # noqa: PTH110  # a path may be none
            raise
        raise NotThereError from error


def place_of(error: BaseException) -> str:
    """Name an error by its type, the line of the package and the last line it met."""
    frames = traceback.extract_tb(error.__traceback__)
    mine = [frame for frame in frames if "/hexoframe/" in frame.filename]
    last = (mine or frames)[-1:]
    spots = ", ".join(
        f"{Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.name}"
        for frame in last
    )
    return f"{type(error).__name__} in {spots}"


class Told:
    """Warnings that came: those of the package, and those of others, which escaped."""

    def __init__(self) -> None:
        self.ours: list[str] = []
        self.others: list[str] = []


@contextmanager
def listening() -> Iterator[Told]:
    """Collect the warnings of a block."""
    told = Told()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield told
    for each in caught:
        kind = each.category
        if issubclass(kind, HexoframeWarning):
            # What no recording confirmed is no damage.
            if not issubclass(kind, UnverifiedCalibrationWarning):
                told.ours.append(f"{kind.__name__}: {each.message}")
        elif not issubclass(kind, ResourceWarning | DeprecationWarning):
            told.others.append(f"{kind.__name__}: {str(each.message)[:80]}")


def judged(
    work: Callable[[], Any],
    sane: Any,
    *,
    usual: frozenset[str] = frozenset(),
    blind: Callable[[list[str]], bool],
) -> Result:
    """Do the work and compare what it returns with what it returns of the original.

    `usual` are the warnings of the original; `blind` says whether the format, or the
    answer, has nothing by which these differences could be noticed.
    """
    try:
        with listening() as told:
            found = work()
    except (Exception, HangError) as error:
        return result_of(error)
    if told.others:
        return Result("escape", told.others[0])
    if set(told.ours) - usual:
        return Result("partial", told.ours[0].partition(":")[0])
    different = unlike(found, sane)
    if not different:
        return Result("whole")
    if blind(different):
        return Result("unknowable", different[0])
    return Result("lost", "; ".join(different)[:300])


def result_of(error: BaseException) -> Result:
    """Return the verdict on what ends in an exception."""
    if isinstance(error, HexoframeError):
        return Result("refused", type(error).__name__)
    if isinstance(error, HangError):
        return Result("hang", str(error))
    if isinstance(error, MemoryError):
        return Result("memory", place_of(error))
    return Result("escape", place_of(error))


def unlike(one: Any, other: Any) -> list[str]:
    """Say in what two results differ; [] for nothing."""
    for kind, compare in _COMPARED:
        if isinstance(one, kind) and isinstance(other, kind):
            return compare(one, other)
    same = type(one) is type(other) and (one == other or one != one)  # noqa: PLR0124
    return [] if same else [f"{str(one)[:40]!r}"]


def _records(one: RecordData, other: RecordData) -> list[str]:
    found = differences(one, other)
    return found + [f"info {key}" for key in _keys(_said(one), _said(other))]


def _tables(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    return [] if one.equals(other) else ["rows or values of a table"]


def _sequences(one: Sequence[Any], other: Sequence[Any]) -> list[str]:
    if len(one) != len(other):
        return [f"{len(one)} items in place of {len(other)}"]
    pairs = enumerate(zip(one, other, strict=True))
    return [f"item {n}: {found[0]}" for n, pair in pairs if (found := unlike(*pair))]


def _errors(one: BaseException, other: BaseException) -> list[str]:
    return [] if str(one) == str(other) else ["another error"]


def _keys(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> list[str]:
    return [
        str(key)
        for key in {**one, **other}
        if key not in one or key not in other or unlike(one[key], other[key])
    ]


# A text is a sequence, too, of texts.
_COMPARED: tuple[tuple[Any, Callable[[Any, Any], list[str]]], ...] = (
    (str, lambda one, other: [] if one == other else [f"{one[:40]!r}"]),
    (bytes, lambda one, other: [] if one == other else ["other bytes"]),
    (RecordData, _records),
    (Mapping, _keys),
    (pd.DataFrame, _tables),
    (Sequence, _sequences),
    (BaseException, _errors),
)


def _said(record: RecordData) -> dict[str, Any]:
    held = dict(record.facts.info)
    # Where a record came from is another place each time.
    held.pop("provenance", None)
    held.pop("source", None)
    return held
