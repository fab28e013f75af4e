"""Headings of CSV columns, ``name [unit](/api/datatype/<id>/)``, and what they mean.

The dashboard and the converter write them. Whether the name or the id goes first is
decided there. R, MATLAB and others put dots or underscores in place of
brackets and slashes, which is undone here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, family_of, find
from hexoframe.errors import FileFormatError, UnknownChannelError

if TYPE_CHECKING:
    from hexoframe.channels import Datatype, Family

__all__ = [
    "Heading",
    "check_unit",
    "find_row",
    "guess_family",
    "parse_heading",
    "plain_name",
]

_HEADING = re.compile(
    r"(?P<name>[^\[\]()/]*?)\s*(?:\[(?P<unit>[^\]]*)\])?(?P<gap>\s*)"
    r"(?:\(?/api/(?:v\d+/)?datatype/(?P<id>\d+)/?\)?)?"
)
# R: ``heart_rate..bpm...api.datatype.19..``
_DOTTED = re.compile(
    r"(?P<name>\w+)(?:\.\.(?P<unit>[\w.]*\w))?"
    r"(?:(?P<gap>\.{2,7})api\.(?:v\d+\.)?datatype\.(?P<id>\d+)\.{0,2}|\.)",
    re.ASCII,
)
# MATLAB and others: ``heart_rate_bpm___api_datatype_19__``
_UNDERSCORED = re.compile(
    r"(?P<label>\w+?)_+api_(?:v\d+_)?datatype_(?P<id>\d+)_*", re.ASCII
)
# How files spell the units of the table.
_UNITS = {
    "%": "%",
    "bpm": "bpm",
    "c": "degC",
    "celcius": "degC",
    "celsius": "degC",
    "degc": "degC",
    "g": "g",
    "ml": "mL",
    "ml/min": "mL/min",
    "mmhg": "mmHg",
    "ms^2": "ms^2",
    "mv": "mV",
    "percent": "%",
    "rpm": "rpm",
    "s": "s",
    "spm": "spm",
    "w": "W",
    "watt": "W",
    "°c": "degC",
}
_UNSTATED = {"", "na", "none"}
_NOT_CHECKED = {"1", "bits", "code", "count"}
_MISLABELLED = ("l/min", "mL/min")
_SPELT = (*_UNITS, "l/min", "s/256", "s/1000")


@dataclass(frozen=True, slots=True)
class Heading:
    """Heading of a column.

    Attributes
    ----------
    text, unit : str
        As printed.
    name : str
        Lower case, with underscores; empty if only the id is given.
    id : int or None
        Datatype of the API.
    apart : bool
        Whether white space precedes the id, as in files of the converter but not of the
        service.
    """

    text: str
    name: str
    unit: str | None
    id: int | None
    apart: bool


def parse_heading(text: str, *, underscored: bool = False) -> Heading | None:
    """Read a heading, whose unit and id may be missing; None if it has another form.

    With underscores in place of signs, nothing tells the converter's headings from the
    service's: those are read only where the caller knows.
    """
    if underscored and (made := _UNDERSCORED.fullmatch(text.strip())):
        name, unit = _label_and_unit(made["label"].lower())
        return Heading(text, name, unit, int(made["id"]), False)
    match = _HEADING.fullmatch(text.strip())
    if match is None or not (match["name"] or match["id"]):
        return None
    if dotted := _DOTTED.fullmatch(text.strip()):
        return _undotted(text, dotted)
    name = re.sub(r"[\s-]+", "_", match["name"].strip().lower())
    number = None if match["id"] is None else int(match["id"])
    return Heading(text, name, match["unit"], number, bool(match["gap"]))


def _undotted(text: str, match: re.Match[str]) -> Heading:
    """Read a heading in which each sign, and each space, is a dot."""
    unit, gap = match["unit"], len(match["gap"] or "")
    # " [%](/" is six dots, "] (/" four, "](/" three, "(/" two.
    if unit is None and gap > 5:
        unit, gap = "%", gap - 3
    if unit is not None:
        unit = next((each for each in _SPELT if _dotted(each) == unit.lower()), unit)
    number = None if match["id"] is None else int(match["id"])
    apart = gap > (2 if unit is None else 3)
    return Heading(text, match["name"].lower(), unit, number, apart)


def _dotted(unit: str) -> str:
    return re.sub(r"[^0-9a-z]", ".", unit)


def _label_and_unit(label: str) -> tuple[str, str | None]:
    """Split a name from its unit, where underscores are between both."""
    for unit in sorted(_SPELT, key=len, reverse=True):
        name = label.removesuffix(f"_{plain_name(unit)}")
        # Some split mL in two.
        if name == label and unit.startswith("ml"):
            name = label.removesuffix(f"_m_{plain_name(unit)[1:]}")
        if name != label and plain_name(unit):
            return name, unit
    return label.removesuffix("_na"), None


def plain_name(text: str) -> str:
    """Return a heading in lower case, with one underscore for all that is no letter."""
    return re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_")


def find_row(family: Family, key: str | int) -> Datatype | None:
    """Return the datatype of a name or an id in a family, if it is exactly one."""
    try:
        rows = find(family, key).datatypes
    except UnknownChannelError:
        return None
    return rows[0] if len(rows) == 1 else None


def guess_family(keys: Iterable[str | int], clock: int, model: str | None) -> Family:
    """Return the family of a file by the caller's model, or by clock and columns.

    `keys` are names and ids of the columns with samples: a Hexoskin, unless only
    another family of this clock has such a column.
    """
    if model is not None:
        return family_of(model, clock=clock)
    possible = [family for family in FAMILIES if CLOCK_OF_FAMILY[family] == clock]
    listed = list(keys)
    for family in possible[1:]:
        if any(
            find_row(family, key) and not find_row(possible[0], key) for key in listed
        ):
            return family
    return possible[0]


def check_unit(heading: Heading, row: Datatype, where: str) -> bool:
    """Refuse a heading with another unit than the table.

    False means L/min where the table has mL/min: the values must decide.
    """
    said = (heading.unit or "").strip().lower()
    if said in _UNSTATED or row.unit in _NOT_CHECKED or _UNITS.get(said) == row.unit:
        return True
    if (said, row.unit) == _MISLABELLED:
        return False
    raise FileFormatError(
        f"{where}: found the unit [{heading.unit}] for {row.api_name}, expected "
        f"[{row.unit}]; nothing is converted on a guess"
    )
