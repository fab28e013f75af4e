"""How every picture looks: colours, sizes and names. No matplotlib, no samples.

Colours differ in lightness first, so that a grey print and the colour-blind tell them
apart; the three of the lines are of Okabe and Ito's palette.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ABSENT",
    "DOUBTFUL",
    "FAINT",
    "FONT",
    "INK",
    "LINES",
    "PAPER",
    "PAPER_BOLD",
    "SMALL",
    "WIDTH",
    "label_of",
    "unit_of",
]

INK = "#1b1b1b"
FAINT = "#767676"
LINES = (INK, "#0072b2", "#e69f00")
# Behind the lines: nothing was measured, or what was measured is doubtful.
ABSENT = "#c4c4c4"
DOUBTFUL = "#ebebeb"
PAPER, PAPER_BOLD = "#f7dcda", "#eaa9a5"

# Width of a picture in inches: what a notebook shows without scaling.
WIDTH = 9.5
FONT, SMALL = 9.0, 8.0

_CAPITALS = frozenset(
    {"ecg", "ppg", "rr", "nn", "ptt", "hrv", "lf", "hf", "qrs", "rem", "nrem", "i"}
    | {"ii", "iii", "sdnn", "rmssd"}
)
_NAMES: Mapping[str, str] = MappingProxyType({"spo2": "SpO2", "ann": "mean NN"})
_UNITS: Mapping[str, str] = MappingProxyType(
    {"degC": "°C", "ms^2": "ms²", "1": "", "bits": "", "code": "", "count": "counts"}
)


def label_of(name: str) -> str:
    """Return the name of a channel or code as a reader wants it."""
    words = [
        _NAMES.get(word, word.upper() if word in _CAPITALS else word)
        for word in name.split("_")
    ]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def unit_of(unit: str) -> str:
    """Return a unit of the channel table as a reader wants it; empty if it is none."""
    return _UNITS.get(unit, unit)
