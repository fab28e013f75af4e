"""What a script got, written as the .txt files of the old script.

Lines of samples and of ranges are made where every classic .txt is made
(`hexoframe.formats.text`); here is which file holds what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hexoframe.errors import ConfigurationError
from hexoframe.formats.atomic import new_folder
from hexoframe.formats.text.facts import ranges_text
from hexoframe.formats.text.lines import Stamps
from hexoframe.formats.text.names import SUFFIX, folder_name
from hexoframe.hxapi.samples import Samples
from hexoframe.recording.facts import facts_table
from hexoframe.timestamps import clock_of

__all__ = ["save"]


def save(data: Mapping[str, Any], root: Path) -> Path:
    """Write a file a key into ``<root>/<e-mail>/<id>/``.

    Files of these names are replaced, all others stay. The files appear together, when
    all are written.

    Parameters
    ----------
    data : mapping of str to Any
        What was loaded, and whatever the script added: rows of values.
    root : Path
        Where the folder of the user goes.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ConfigurationError
        If `data` does not say whose it is, or an entry is no sequence of rows.
    """
    target = root / _folder(data)
    own = {f"{name}{SUFFIX}" for name in data}
    with new_folder(target, overwrite=True, owned=own.__contains__) as folder:
        for name, held in data.items():
            with (folder / f"{name}{SUFFIX}").open("wb") as file:
                file.writelines(_lines(name, held))
    return target


def _folder(data: Mapping[str, Any]) -> Path:
    try:
        info = data["info"]
        email, number = info["user"]["email"], info["id"]
    except (KeyError, TypeError) as error:
        raise ConfigurationError(
            f"data['info'] has no {error}: saveTxt takes what getRecordData or "
            "getRangeData returned, which says whose it is"
        ) from error
    return Path(folder_name(str(email)), folder_name(str(number)))


def _lines(name: str, held: Any) -> Iterator[bytes]:
    if isinstance(held, Samples):
        yield from held.lines()
    elif name == "info":
        yield "".join(f"{key} : {value}\n" for key, value in held.items()).encode()
    elif name == "annotations":
        yield _ranges(held).encode()
    else:
        yield from _rows(name, held)


def _ranges(ranges: Iterable[Mapping[str, Any]]) -> str:
    rows = [{**item, "trainingroutine": _routine(item)} for item in ranges]
    clock = clock_of(rows[0]["start"]) if rows else 256
    # Here the old script wrote ticks, whatever the form of its other stamps.
    return ranges_text(facts_table("ranges", rows, clock=clock), Stamps(clock=clock))


def _routine(item: Mapping[str, Any]) -> str | None:
    # Since 3.x the routine stands in `context`; before, beside it.
    routine = (item.get("context") or item).get("trainingroutine")
    return None if routine is None else str(routine)


def _rows(name: str, held: Iterable[Any]) -> Iterator[bytes]:
    """Yield the lines of rows that are values already."""
    for number, row in enumerate(held):
        if isinstance(row, str) or not isinstance(row, Iterable):
            raise ConfigurationError(
                f"data[{name!r}][{number}] is {row!r}: give a tuple of a time and "
                "values, such as (359840227126, 70)"
            )
        yield ("\t".join(map(str, row)) + "\n").encode()
