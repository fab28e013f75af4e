"""Headings of a CSV column, ``name [unit](/api/datatype/<id>/)``, and what they mean.

The dashboard's files and the converter's share this form. Where the cells of a file are
and which of name and id goes first is decided there.
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

__all__ = ["Heading", "check_unit", "find_row", "guess_family", "parse_heading"]

_HEADING = re.compile(
    r"(?P<name>[^\[\]()/]*?)\s*(?:\[(?P<unit>[^\]]*)\])?(?P<gap>\s*)"
    r"(?:\(?/api/(?:v\d+/)?datatype/(?P<id>\d+)/?\)?)?"
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
_UNSAID = {"", "na", "none"}
_NOT_JUDGED = {"1", "bits", "code", "count"}
_MISLABELLED = ("l/min", "mL/min")


@dataclass(frozen=True, slots=True)
class Heading:
    """What the heading of a column says.

    Attributes
    ----------
    text : str
        As it stands in the file.
    name : str
        Lower case, with underscores; empty where only the id is given.
    unit : str or None
        Unit as printed; None where there is none.
    id : int or None
        Datatype of the API.
    apart : bool
        Whether white space stands in front of the id, as the vendor's converter sets
        it and the service does not.
    """

    text: str
    name: str
    unit: str | None
    id: int | None
    apart: bool


def parse_heading(text: str) -> Heading | None:
    """Read ``name [unit](/api/datatype/<id>/)``, of which unit and id may be missing.

    Parameters
    ----------
    text : str
        Heading of one column.

    Returns
    -------
    Heading or None
        None if it has another form.
    """
    match = _HEADING.fullmatch(text.strip())
    if match is None or not (match["name"] or match["id"]):
        return None
    name = re.sub(r"[\s-]+", "_", match["name"].strip().lower())
    number = None if match["id"] is None else int(match["id"])
    return Heading(text, name, match["unit"], number, bool(match["gap"]))


def find_row(family: Family, key: str | int) -> Datatype | None:
    """Return the one datatype that a name or an id means in a family, if any."""
    try:
        rows = find(family, key).datatypes
    except UnknownChannelError:
        return None
    return rows[0] if len(rows) == 1 else None


def guess_family(keys: Iterable[str | int], clock: int, model: str | None) -> Family:
    """Return the family that a file is of.

    Parameters
    ----------
    keys : iterable of str or int
        Names and ids of the columns that hold samples.
    clock : {256, 1000}
        Ticks in a second.
    model : str or None
        What the caller says; None to tell by clock and columns: a Hexoskin, unless a
        column is one that only another family of this clock delivers.

    Returns
    -------
    {"hexoskin", "astroskin_256", "astroskin_1000"}
        The family.

    Raises
    ------
    ConfigurationError
        If the model is unknown or does not go with the clock.
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
    """Compare the unit of a heading with the table.

    Parameters
    ----------
    heading : Heading
        What the file says.
    row : Datatype
        What the column is.
    where : str
        File and line, for messages.

    Returns
    -------
    bool
        False where the file says L/min for mL/min, so that the values must decide.

    Raises
    ------
    FileFormatError
        If it is another unit.
    """
    said = (heading.unit or "").strip().lower()
    if said in _UNSAID or row.unit in _NOT_JUDGED or _UNITS.get(said) == row.unit:
        return True
    if (said, row.unit) == _MISLABELLED:
        return False
    raise FileFormatError(
        f"{where}: found the unit [{heading.unit}] for {row.api_name}, expected "
        f"[{row.unit}]; nothing is converted on a guess"
    )
