"""Beats and what their quality flags say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.channels import codes_of
from hexoframe.plotting.style import INK, LINES, label_of
from hexoframe.plotting.windows import stamps_of, subject_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.plotting.windows import Window

    Rows = NDArray[np.int64]

__all__ = ["Beats", "beats_of"]

# How a beat is marked by the gravest of its flags; shapes tell in any print.
_STYLES: tuple[dict[str, Any], ...] = (
    {"marker": "o", "color": LINES[2], "markersize": 2.2},
    {"marker": "x", "color": LINES[1], "markersize": 3.2},
)


class Beats(NamedTuple):
    """Times of beats, and the gravest flag of each: its value, or 0."""

    stamps: Rows
    flags: Rows
    names: dict[int, str]

    def marked(self) -> list[tuple[NDArray[np.bool_], str, dict[str, Any]]]:
        """Return for each flag that occurs: which beats have it, its name, a style."""
        return [
            (self.flags == value, label_of(name), _STYLES[place % len(_STYLES)])
            for place, (value, name) in enumerate(self.names.items())
            if (self.flags == value).any()
        ]


def beats_of(
    rr: pd.DataFrame | None, quality: pd.DataFrame | None, window: Window
) -> Beats:
    """Return the beats in a window.

    Parameters
    ----------
    rr : DataFrame or None
        Intervals; the stamp of each is a beat.
    quality : DataFrame or None
        Flags of the beats; without, no beat has any.
    window : Window
        Part of time.

    Raises
    ------
    ConfigurationError
        If a frame is of no channel.
    """
    none = np.empty(0, dtype=np.int64)
    if rr is None:
        return Beats(none, none, {})
    stamps = stamps_of(window.cut(subject_of(rr, what="rr").frame))
    flags = np.zeros(len(stamps), dtype=np.int64)
    names: dict[int, str] = {}
    if quality is not None and len(stamps):
        judge = subject_of(quality, what="quality")
        codes = codes_of(judge.channel.datatypes[0].codes)
        names = {code.value: code.name for code in codes}
        bits = np.nan_to_num(judge.frame.iloc[:, 0].to_numpy()).astype(np.int64)
        judged = stamps_of(judge.frame)
        at = np.searchsorted(judged, stamps)
        at = np.minimum(at, max(len(judged) - 1, 0))
        found = judged[at] == stamps if len(judged) else np.zeros(len(stamps), bool)
        for value in names:
            flags[found] = np.where(bits[at[found]] & value, value, flags[found])
    return Beats(stamps, flags, names)


GOOD: dict[str, Any] = {"marker": "v", "color": INK, "markersize": 4.5}
