"""The .txt files of the old script: which datatypes each holds, and how it is written.

File names are those of the vendor's HxApi2_0 of 2015, or of its port to Python 3; the
ids come from the channel table. The lines are formatted in `hexoframe.formats.text`;
nothing is fetched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

from hexoframe.channels import Family
from hexoframe.errors import ConfigurationError
from hexoframe.formats.atomic import new_folder
from hexoframe.formats.checksums import SUMS
from hexoframe.formats.text.facts import ranges_text
from hexoframe.formats.text.lines import Stamps
from hexoframe.formats.text.names import SUFFIX, Dialect, folder_name, names_of
from hexoframe.formats.text.writer import number_text
from hexoframe.hxapi.names import DialectDict
from hexoframe.hxapi.samples import SampleTuples
from hexoframe.recording.facts import facts_table
from hexoframe.timestamps import clock_of

__all__ = [
    "MODELS",
    "SAMPLE_RATES",
    "Model",
    "ModelTables",
    "check_choice",
    "save",
    "tables_of",
]

Model = Literal["Hexoskin", "CHA3000"]
MODELS: tuple[Model, ...] = get_args(Model)

_FAMILIES: Mapping[Model, Family] = MappingProxyType(
    {"Hexoskin": "hexoskin", "CHA3000": "astroskin_256"}
)
_ASTROSKIN = (
    "acc ecg resp temperature ppg",
    """
    activity cadence heartrate minuteventilation vt breathingrate hr_quality br_quality
    spo2_quality spo2 systolicpressure inspiration expiration batt step rrinterval qrs
    ptt
    """,
)
# Waveforms, and all others.
_FILES: Mapping[tuple[Dialect, Model], tuple[str, str]] = MappingProxyType(
    {
        ("classic", "Hexoskin"): (
            "acc ecg resp",
            """
            activity cadence heartrate minuteventilation vt breathingrate hr_quality
            br_quality inspiration expiration batt step rrinterval qrs
            """,
        ),
        ("port", "Hexoskin"): (
            "acceleration ecg respiration",
            """
            activity cadence heart_rate minute_ventilation vt breathing_rate hr_quality
            br_quality inspiration expiration batt step rrinterval qrs nninterval
            """,
        ),
        # The port left these as they were.
        ("classic", "CHA3000"): _ASTROSKIN,
        ("port", "CHA3000"): _ASTROSKIN,
    }
)
# Ticks of 1/256 s a sample, with which the old script paged; None: one request.
SAMPLE_RATES: Mapping[int, int | None] = MappingProxyType(
    {
        **dict.fromkeys((4113, 4114, 4115), 1),
        **dict.fromkeys((4129, 4130), 2),
        **dict.fromkeys((4145, 4146, 4147, 64), 4),
        **dict.fromkeys((81, 49, 53, 19, 36, 33, 1000, 1001, 1002, 66, 98), 256),
        **dict.fromkeys((34, 35, 247, 18, 22, 97, 318, 212, 208), 256),
        **dict.fromkeys((37, 52)),
    }
)


class ModelTables(NamedTuple):
    """The two tables of a model: file names, and the datatypes in each."""

    raw: DialectDict
    others: DialectDict


def check_choice(said: str, value: object, choices: Sequence[str]) -> None:
    """Refuse a value that is not one of the choices; `said` is how it was given."""
    if value not in choices:
        raise ConfigurationError(f"{said}: give {' or '.join(map(repr, choices))}")


def tables_of(model: Model, dialect: Dialect) -> ModelTables:
    """Return new tables, for the caller to edit."""
    meanings = names_of(_FAMILIES[model])
    raw, others = (
        DialectDict(
            {
                name: [row.id for row in meanings[name].rows if row.id is not None]
                for name in names.split()
            }
        )
        for names in _FILES[dialect, model]
    )
    return ModelTables(raw, others)


def save(data: Mapping[str, Any], root: Path, dialect: Dialect) -> Path:
    """Write one file a key into ``<root>/<e-mail>/<id>/``.

    Other files in it stay; these are replaced together, when all are written.
    """
    target = root / _folder(data)
    # The checksums of `to_txt` would not hold any more.
    own = {SUMS, *(f"{name}{SUFFIX}" for name in data)}
    with new_folder(target, overwrite=True, owned=own.__contains__) as folder:
        for name, held in data.items():
            with (folder / f"{name}{SUFFIX}").open("wb") as file:
                file.writelines(_lines(name, held, dialect))
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


def _lines(name: str, held: Any, dialect: Dialect) -> Iterator[bytes]:
    if isinstance(held, SampleTuples):
        yield from held.lines(dialect)
    elif name == "info":
        for key, value in held.items():
            yield f"{key} : {number_text(value, dialect)}\n".encode()
    elif name == "annotations":
        yield _ranges(held).encode()
    else:
        # Only the port has a track, and Python 3 prints all digits.
        yield from _rows(name, held, "port" if name == "track" else dialect)


def _ranges(ranges: Iterable[Mapping[str, Any]]) -> str:
    rows = [{**item, "trainingroutine": _routine(item)} for item in ranges]
    starts = [row["start"] for row in rows if row.get("start")]
    clock = clock_of(starts[0]) if starts else 256
    # The old script always wrote ticks here.
    return ranges_text(facts_table("ranges", rows, clock=clock), Stamps(clock=clock))


def _routine(item: Mapping[str, Any]) -> str | None:
    # Since 3.x the routine is inside `context`; before, it was beside it.
    routine = (item.get("context") or item).get("trainingroutine")
    return None if routine is None else str(routine)


def _rows(name: str, held: Iterable[Any], dialect: Dialect) -> Iterator[bytes]:
    """Yield the lines of rows that a script made itself."""
    for number, row in enumerate(held):
        if isinstance(row, str) or not isinstance(row, Iterable):
            raise ConfigurationError(
                f"data[{name!r}][{number}] is {row!r}: give a tuple of a time and "
                "values, such as (359840227126, 70)"
            )
        cells = [number_text(cell, dialect) for cell in row]
        yield ("\t".join(cells) + "\n").encode()
