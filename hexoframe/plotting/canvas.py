"""Figures and axes that all pictures share: made here, dressed here, handed back here.

Settings go to the artists themselves and never to matplotlib's own, so that no picture
changes another one. matplotlib is imported when something is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import numpy as np

from hexoframe.errors import ConfigurationError
from hexoframe.plotting.style import FAINT, FONT, INK, SMALL, WIDTH

if TYPE_CHECKING:
    from types import ModuleType

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hexoframe.plotting.windows import Window

    Given: TypeAlias = Axes | Sequence[Axes] | np.ndarray[Any, Any]
    Picture: TypeAlias = tuple[Figure, Any]

__all__ = [
    "NUMBERS",
    "Margins",
    "axes_given",
    "label_rows",
    "make_panels",
    "picture",
    "pyplot",
    "say_empty",
    "show_time",
    "text_width",
    "tidy",
]

# In inches: above the panels for title and legend, below for the time axis, between.
_TOP, _BOTTOM, _BETWEEN = 0.42, 0.55, 0.13
# Width of a letter as a part of the size of the type, and what numbers at an axis take.
_LETTER, NUMBERS = 0.58, 0.58


class Margins(NamedTuple):
    """Room beside panels in inches; `names` is that of the labels of the ticks.

    Rooms are reckoned from the number of letters: a layout that measures every text
    takes longer than drawing a day of samples.
    """

    left: float
    right: float
    names: float = NUMBERS


def pyplot() -> ModuleType:
    """Import matplotlib.pyplot, which shows figures in notebooks and in windows.

    Raises
    ------
    ConfigurationError
        If matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot as plt  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise ConfigurationError(
            "plots need matplotlib: install it with pip install 'hexoframe[plot]'"
        ) from error
    return plt


def text_width(texts: Iterable[str], size: float = FONT) -> float:
    """Return about how wide the longest line of some texts is, in inches."""
    letters = max((len(line) for text in texts for line in text.split("\n")), default=0)
    return letters * size * _LETTER / 72


def make_panels(
    what: str, heights: Sequence[float], given: Given | None, margins: Margins
) -> tuple[Figure, list[Axes]]:
    """Return axes under each other with one time axis, new ones or those given.

    Parameters
    ----------
    what : str
        Function that draws, for the message.
    heights : sequence of float, in inches
        One a panel.
    given : Axes or sequence of Axes, optional
        Axes of the caller, as many as there are panels.
    margins : Margins
        Room beside new panels.

    Raises
    ------
    ConfigurationError
        If there are more or fewer axes than panels, or no axes.
    """
    plt = pyplot()
    if given is not None:
        axes = axes_given(what, given, len(heights))
        return cast("Figure", axes[0].figure), axes
    high = _TOP + sum(heights) + _BETWEEN * (len(heights) - 1) + _BOTTOM
    figure = plt.figure(figsize=(WIDTH, high))
    wide = WIDTH - margins.left - margins.right
    made: list[Axes] = []
    top = high - _TOP
    for height in heights:
        box = (margins.left / WIDTH, (top - height) / high, wide / WIDTH, height / high)
        made.append(figure.add_axes(box, sharex=made[0] if made else None))
        top -= height + _BETWEEN
    return figure, made


def axes_given(what: str, given: Given, count: int) -> list[Axes]:
    """Return the axes of the caller as a list of the length that is needed."""
    from matplotlib.axes import Axes  # noqa: PLC0415

    axes = [given] if isinstance(given, Axes) else list(np.ravel(np.asarray(given)))
    wrong = [one for one in axes if not isinstance(one, Axes)]
    if wrong or len(axes) != count:
        raise ConfigurationError(
            f"{what} draws {count} panel{'s' * (count > 1)} here: give ax= {count} "
            f"Axes, not {len(axes)} of {type((wrong or axes or [None])[0]).__name__}"
        )
    return axes


def picture(figure: Figure, axes: Sequence[Axes]) -> Picture:
    """Return a figure with its axes, as matplotlib's own subplots does."""
    if len(axes) == 1:
        return figure, axes[0]
    several = np.empty(len(axes), dtype=object)
    several[:] = axes
    return figure, several


def tidy(axes: Axes) -> None:
    """Take away what carries nothing, and set small type."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=FAINT, linewidth=0.6)
    axes.tick_params(labelsize=SMALL, width=0.6, length=3, color=FAINT)
    axes.yaxis.set_major_locator(_few_ticks())


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    return MaxNLocator(nbins=4, min_n_ticks=2)


def show_time(axes: Sequence[Axes], window: Window) -> None:
    """Give panels the same time axis, in the zone of the window; labels at the last."""
    from hexoframe.plotting.lines import days  # noqa: PLC0415
    from hexoframe.plotting.timeaxis import WallFormatter, WallLocator  # noqa: PLC0415

    left, right = days(np.array([window.first, window.last]))
    if left == right:
        # Nothing says what time it is about.
        for one in axes:
            one.xaxis.set_visible(False)
        return
    for one in axes:
        one.set_xlim(left, right)
    *upper, lowest = axes
    for one in upper:
        # Drawing the same ticks again and again would take most of the time.
        one.xaxis.set_visible(False)
    lowest.xaxis.set_major_locator(WallLocator(window.tz))
    lowest.xaxis.set_major_formatter(WallFormatter(window.tz))
    lowest.xaxis.get_offset_text().set_fontsize(SMALL)
    lowest.set_xlabel(f"time ({window.tz})", fontsize=FONT)


def label_rows(
    axes: Sequence[Axes], labels: Sequence[str], margins: Margins | None
) -> None:
    """Write a label beside each panel, upright so that low panels have room for it.

    Without margins the panels are those of the caller, whose layout has its own way
    with labels.
    """
    for one, text in zip(axes, labels, strict=True):
        if margins is None:
            one.set_ylabel(text, fontsize=FONT)
            continue
        one.set_ylabel(text, fontsize=FONT, rotation=0, ha="right", va="center")
        wide = WIDTH - margins.left - margins.right
        one.yaxis.set_label_coords(-margins.names / wide, 0.5)


def say_empty(axes: Axes, text: str) -> None:
    """Say in the panel itself that there is nothing to draw."""
    axes.text(
        0.5,
        0.5,
        text,
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=FONT,
        color=INK,
    )
    axes.set_yticks([])
