"""Reads manifests, and what the footer of a channel file says in the same words.

What makes no sense is refused, with the place and the value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES
from hexoframe.channels.calibration import Scale
from hexoframe.errors import FileFormatError
from hexoframe.formats.own.manifest.layout import VERSION, Contents, Stored
from hexoframe.formats.own.manifest.surveys import survey_from_json
from hexoframe.formats.own.manifest.tables import facts_from_json
from hexoframe.recording.gaps import Receipt
from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe.channels import Family
    from hexoframe.formats.own.manifest.layout import Layout

__all__ = [
    "check_version",
    "parse_about",
    "parse_stored",
    "read_manifest",
    "reason",
]


def read_manifest(path: Path, layout: Layout) -> Contents:
    """Read a manifest.

    Raises
    ------
    FileNotFoundError
        If there is none.
    FileFormatError
        If it is damaged, of another kind or of a newer version.
    """
    try:
        held = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path} is no JSON text: {error}") from error
    if not isinstance(held, dict) or held.get("format") != layout.name:
        raise FileFormatError(
            f"{path} is no manifest of a record: expected the format {layout.name!r}"
        )
    check_version(path, held.get("version"), held.get("hexoframe"))
    try:
        channels = {
            name: _stored(path.parent / layout.file_of(name), entry)
            for name, entry in _object(held, "channels").items()
        }
        facts = facts_from_json(_object(held, "info"), _object(held, "facts"))
        return Contents(**parse_about(held), facts=facts, channels=channels)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"{path} is damaged: {reason(error)}") from error


def check_version(path: Path, version: Any, writer: Any) -> None:
    """Refuse a version of the format that this hexoframe does not read.

    Raises
    ------
    FileFormatError
        If it is newer, or no version.
    """
    if not isinstance(version, int) or version < 1:
        raise FileFormatError(f"{path}: the version of the format is {version!r}")
    if version > VERSION:
        raise FileFormatError(
            f"{path} is of version {version} of the format (written by hexoframe "
            f"{writer}); this hexoframe, {__version__}, reads versions up to "
            f"{VERSION}: upgrade with pip install --upgrade hexoframe"
        )


def parse_about(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return family, scale, span and zone, as `Contents` has them.

    Raises
    ------
    KeyError, TypeError, ValueError
        If one is missing or makes no sense; `reason` says it in words.
    """
    family: Family = _one_of(about, "family", FAMILIES)
    if about["clock"] != CLOCK_OF_FAMILY[family]:
        raise ValueError(f"the clock of {family} is not {about['clock']!r}")
    return {
        "family": family,
        "scale": _one_of(about, "scale", get_args(Scale)),
        "span": _pair(about["span"]),
        "tz": str(about["tz"]),
    }


def parse_stored(path: Path, told: Mapping[str, Any], **more: Any) -> Stored:
    """Return what is promised of a file; `more` are its other attributes.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing or makes no sense; `reason` says it in words.
    """
    rows, receipt = _whole(told["rows"]), told["receipt"]
    expected, span = receipt["expected"], receipt["span"]
    first = _whole(told["first"]) if rows else 0
    last = _whole(told["last"]) if rows else 0
    return Stored(
        path=path,
        rows=rows,
        first=first,
        last=last,
        step=_even_step(told.get("step"), rows, last - first),
        receipt=Receipt(
            samples=rows,
            expected=None if expected is None else _whole(expected),
            duplicates=_whole(receipt["duplicates"]),
            lost=tuple(map(_pair, receipt["lost"])),
            span=None if span is None else _pair(span),
        ),
        survey=survey_from_json(told.get("survey")),
        **more,
    )


def _even_step(step: Any, rows: int, span: int) -> int | None:
    """Return the distance of all stamps, where there is one."""
    if step is None:
        return None
    ticks = _whole(step)
    if ticks < 1 or ticks * (rows - 1) != span:
        raise ValueError(f"{rows} rows {ticks} ticks apart do not span {span} ticks")
    return ticks


def reason(error: Exception) -> str:
    """Say what is wrong with something that could not be parsed."""
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    return str(error)


def _stored(path: Path, entry: Mapping[str, Any]) -> Stored:
    # No other name, so that a manifest cannot point out of its folder.
    if entry["file"] != path.name:
        raise ValueError(f"the file {entry['file']!r} should be {path.name!r}")
    size, sha256 = _whole(entry["bytes"]), entry.get("sha256")
    return parse_stored(path, entry, size=size, sha256=sha256)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _pair(ticks: Any) -> tuple[int, int]:
    first, last = ticks
    return _whole(first), _whole(last)


def _one_of(held: Mapping[str, Any], key: str, choices: Sequence[str]) -> Any:
    if held[key] not in choices:
        raise ValueError(
            f"the {key} is {held[key]!r}, expected one of {', '.join(choices)}"
        )
    return held[key]


def _object(held: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = held[key]
    if not isinstance(value, dict):
        raise TypeError(f"{key!r} is {str(value)[:60]!r}, expected an object")
    return value
