"""Figures, axes, colours and legends that all pictures share.

No samples and no channels here. Settings go to the artists themselves and never to
matplotlib's own, so that no picture changes another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast

import numpy as np

from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Given: TypeAlias = Axes | Sequence[Axes] | np.ndarray[Any, Any]
    FigureAxes: TypeAlias = tuple[Figure, Any]
    Box: TypeAlias = tuple[float, float, float, float]

__all__ = [
    "ABSENT",
    "DOUBTFUL",
    "EXTREMES",
    "FAINT",
    "FONT",
    "INK",
    "LINE",
    "LINES",
    "MANY",
    "NUMBERS",
    "PAPER",
    "PAPER_BOLD",
    "SMALL",
    "TITLE",
    "TYPICAL",
    "WIDTH",
    "Margins",
    "days",
    "draw_rug",
    "entitle",
    "explain",
    "explain_colours",
    "explain_marks",
    "few_ticks",
    "given_axes",
    "is_empty",
    "label_of",
    "label_panels",
    "make_axes",
    "make_panels",
    "nanoseconds",
    "per_unit",
    "picture",
    "pyplot",
    "room_for_rugs",
    "say",
    "say_empty",
    "text_width",
    "tidy",
    "unit_of",
    "write_beside",
]

# Colours differ in lightness first, so that a grey print and the colour-blind tell them
# apart; the three of the lines are from Okabe and Ito's palette.
INK = "#1b1b1b"
FAINT = "#767676"
LINES = (INK, "#0072b2", "#e69f00")
# Behind the lines: nothing was measured, or what was measured is doubtful.
ABSENT = "#c4c4c4"
DOUBTFUL = "#ebebeb"
PAPER, PAPER_BOLD = "#f7dcda", "#eaa9a5"
# Waves that run together: all samples, and their typical range.
EXTREMES, TYPICAL = "#a9cce6", LINES[1]

# Width of a figure in inches: what a notebook shows without scaling.
WIDTH = 9.5
FONT, SMALL = 9.0, 8.0

# In inches: above the panels for title and legend, below for the time axis, between.
_TOP, _BOTTOM, _BETWEEN = 0.58, 0.68, 0.13
# The title in inches: from the left, from above, and what it takes off the legends.
_INDENT, _DROP, TITLE = 0.1, 0.07, 0.24
# A line of text, such as an explanation of marks below that of the shades.
LINE = 0.18
# Width of a letter as a part of the font size, and of the numbers at an axis in inches.
_LETTER, NUMBERS = 0.58, 0.58
# So many points are drawn as pixels also in a vector file.
MANY = 5000
# Height of a rug, as a part of its panel.
_RUG = 0.055

_NS_PER_DAY = 86_400_000_000_000

_CAPITALS = frozenset(
    {"ecg", "ppg", "rr", "nn", "ptt", "hrv", "lf", "hf", "qrs", "rem", "nrem", "i"}
    | {"ii", "iii", "sdnn", "rmssd"}
)
_NAMES: Mapping[str, str] = MappingProxyType({"spo2": "SpO2", "ann": "mean NN"})
_UNITS: Mapping[str, str] = MappingProxyType(
    {"degC": "°C", "ms^2": "ms²", "1": "", "bits": "", "code": "", "count": "counts"}
    | {"rpm": "breaths/min", "spm": "steps/min", "mL/min": "L/min", "mL": "L"}
)
# How many of the channel table's unit are one of the unit that is shown.
_PER: Mapping[str, float] = MappingProxyType({"mL/min": 1000.0, "mL": 1000.0})
# Marks a text that stands in the place of a picture.
_EMPTY = "empty"


# --- names, units and times as readers and matplotlib want them -----------------------


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


def per_unit(unit: str) -> float:
    """Return by how much values of the channel table are divided to be shown."""
    return _PER.get(unit, 1.0)


def days(stamps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return times in ns as matplotlib's days since 1970, exact to a microsecond."""
    whole, rest = np.divmod(stamps, _NS_PER_DAY)
    numbers: NDArray[np.float64] = whole + rest / _NS_PER_DAY
    return numbers


def nanoseconds(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return matplotlib's days since 1970 as whole ns."""
    whole = np.floor(numbers)
    rest = np.rint((numbers - whole) * _NS_PER_DAY)
    stamps: NDArray[np.int64]
    stamps = whole.astype(np.int64) * _NS_PER_DAY + rest.astype(np.int64)
    return stamps


# --- figures and axes -----------------------------------------------------------------


class Margins(NamedTuple):
    """Room around panels in inches; `names` is that of the tick labels.

    It is estimated from the number of letters: a layout that measures every text takes
    longer than drawing a day of samples.
    """

    left: float
    right: float
    names: float = NUMBERS
    top: float = _TOP
    bottom: float = _BOTTOM

    def with_marks(self) -> Margins:
        """Return them with room to explain marks, below the shades."""
        return self._replace(top=self.top + LINE)


def pyplot() -> ModuleType:
    """Import matplotlib.pyplot, which shows figures in notebooks and in windows.

    Every picture calls this before anything else of matplotlib, which is an extra.
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


def make_axes(
    wide: float,
    high: float,
    boxes: Iterable[Box],
    *,
    per_inch: float = 1.0,
    shared: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Make a figure with axes in boxes (left, bottom, width, height).

    All lengths are in inches, or in units of which an inch has `per_inch`. Shared axes
    have one time axis.
    """
    figure: Figure = pyplot().figure(figsize=(wide / per_inch, high / per_inch))
    axes: list[Axes] = []
    for left, bottom, width, height in boxes:
        box = (left / wide, bottom / high, width / wide, height / high)
        first = axes[0] if axes and shared else None
        axes.append(figure.add_axes(box, sharex=first))
    return figure, axes


def given_axes(what: str, given: Given, count: int) -> tuple[Figure, list[Axes]]:
    """Return the axes given to the function `what`, and their figure."""
    pyplot()
    from matplotlib.axes import Axes  # noqa: PLC0415  # an extra

    axes = [given] if isinstance(given, Axes) else list(np.ravel(np.asarray(given)))
    wrong = [one for one in axes if not isinstance(one, Axes)]
    if wrong or len(axes) != count:
        raise ConfigurationError(
            f"{what} draws {count} panel{'s' * (count > 1)} here: give ax= {count} "
            f"Axes, not {len(axes)} of {type((wrong or axes or [None])[0]).__name__}"
        )
    bent = [one.name for one in axes if one.name != "rectilinear"]
    if bent:
        raise ConfigurationError(
            f"{what} draws on plain axes, not on {bent[0]} ones: give those of "
            "matplotlib.pyplot.subplots()"
        )
    return cast("Figure", axes[0].figure), axes


def make_panels(
    what: str, heights: Sequence[float], given: Given | None, margins: Margins
) -> tuple[Figure, list[Axes]]:
    """Return axes under each other with one time axis: new ones, or those given.

    There is one panel for each of the heights (in inches); new ones have the margins.
    """
    if given is not None:
        return given_axes(what, given, len(heights))
    inner = sum(heights) + _BETWEEN * (len(heights) - 1)
    high = margins.top + inner + margins.bottom
    wide = WIDTH - margins.left - margins.right
    boxes: list[Box] = []
    top = high - margins.top
    for height in heights:
        boxes.append((margins.left, top - height, wide, height))
        top -= height + _BETWEEN
    return make_axes(WIDTH, high, boxes, shared=True)


def entitle(figure: Figure, text: str) -> None:
    """Write the title of a figure of our own, above its panels and legends."""
    wide, high = figure.get_size_inches()
    figure.suptitle(
        text,
        x=_INDENT / wide,
        y=1 - _DROP / high,
        ha="left",
        va="top",
        fontsize=FONT,
        color=INK,
        parse_math=False,  # an id may hold a dollar sign
    )


def picture(figure: Figure, axes: Sequence[Axes]) -> FigureAxes:
    """Return a figure with its axes, as matplotlib's own subplots does."""
    if len(axes) == 1:
        return figure, axes[0]
    several = np.empty(len(axes), dtype=object)
    several[:] = axes
    return figure, several


def tidy(axes: Axes) -> None:
    """Hide the spines that carry nothing, and set small type."""
    from matplotlib.ticker import ScalarFormatter  # noqa: PLC0415  # an extra

    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=FAINT, linewidth=0.6)
    axes.tick_params(labelsize=SMALL, width=0.6, length=3, color=FAINT)
    few_ticks(axes.yaxis)
    # Each tick says its value, and nothing above the panel is to be added.
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))


def few_ticks(axis: Axis, *, whole: bool = False) -> None:
    """Put few ticks on an axis; at whole numbers where there is nothing between."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  # an extra

    axis.set_major_locator(MaxNLocator(nbins=4, min_n_ticks=2, integer=whole))


# --- labels and legends ---------------------------------------------------------------


def label_panels(
    axes: Sequence[Axes], labels: Sequence[str], margins: Margins | None
) -> None:
    """Write a label beside each panel, upright so that low panels have room for it.

    Without margins the panels are the caller's, whose layout places the labels.
    """
    for one, text in zip(axes, labels, strict=True):
        if margins is None:
            one.set_ylabel(text, fontsize=FONT)
            continue
        one.set_ylabel(text, fontsize=FONT, rotation=0, ha="right", va="center")
        wide = WIDTH - margins.left - margins.right
        one.yaxis.set_label_coords(-margins.names / wide, 0.5)


def write_beside(axes: Axes, texts: Iterable[str]) -> None:
    """Write texts right of a panel, beside its rows 0, 1, ..."""
    for row, text in enumerate(texts):
        axes.text(
            1.005,
            row,
            text,
            transform=axes.get_yaxis_transform(),
            fontsize=SMALL,
            va="center",
            color=INK,
        )


def say_empty(axes: Axes, text: str) -> None:
    """Say in the panel itself that there is nothing to draw."""
    say(axes, text, gid=_EMPTY)


def is_empty(axes: Axes) -> str | None:
    """Return what `say_empty` said in a panel; None if something is drawn."""
    said = (text for text in axes.texts if text.get_gid() == _EMPTY)
    return next((text.get_text() for text in said), None)


def say(axes: Axes, text: str, gid: str | None = None) -> None:
    """Say something in the middle of a panel without a scale."""
    axes.text(
        0.5,
        0.5,
        text,
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=FONT,
        color=INK,
        gid=gid,
    )
    axes.set_yticks([])


def draw_rug(
    axes: Axes, stamps: NDArray[np.int64], place: int = 0, **style: Any
) -> list[Any]:
    """Mark times (in ns) at the foot of a panel, clear of what is drawn above.

    Rugs of other kinds lie above each other, at places 0, 1, ...
    """
    return axes.plot(
        days(stamps),
        np.full(len(stamps), _RUG * (place + 0.5)),
        transform=axes.get_xaxis_transform(),
        linestyle="none",
        marker="|",
        markersize=4.5,
        markeredgewidth=0.7,
        zorder=3,
        rasterized=len(stamps) > MANY,
        **style,
    )


def room_for_rugs(axes: Axes, count: int) -> None:
    """Move the lower limit of a panel down, so that rugs have room below all values."""
    low, high = axes.get_ylim()
    part = _RUG * count
    axes.set_ylim(low - (high - low) * part / (1 - part), high)


def explain_marks(
    axes: Axes, marks: Sequence[Artist], *, side: Literal["left", "right"] = "left"
) -> None:
    """Say above a panel, at one of its sides, what the marks in it mean."""
    axes.legend(
        handles=marks,
        loc="lower left" if side == "left" else "lower right",
        bbox_to_anchor=(0.0 if side == "left" else 1.0, 1.0),
        ncols=len(marks),
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0.1,
        handletextpad=0.1,
    )


def explain_colours(figure: Figure, meanings: Iterable[tuple[str, str]]) -> None:
    """Say above the panels what colours mean, each given as (colour, meaning)."""
    from matplotlib.patches import Patch  # noqa: PLC0415  # an extra

    explain(figure, [Patch(facecolor=colour, label=text) for colour, text in meanings])


def explain(figure: Figure, handles: Sequence[Artist]) -> None:
    """Say above the panels, below the title, what marks and colours mean."""
    if handles:
        high = figure.get_size_inches()[1]
        figure.legend(
            handles=handles,
            loc="upper right",
            bbox_to_anchor=(1.0, 1 - TITLE / high),
            ncols=len(handles),
            fontsize=SMALL,
            frameon=False,
            borderaxespad=0.2,
            handlelength=1.4,
        )
