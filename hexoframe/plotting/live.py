"""The running rates of a record that is being recorded, drawn anew as samples come."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from hexoframe.errors import ConfigurationError
from hexoframe.plotting.figures import entitle, make_panels, picture, pyplot
from hexoframe.plotting.panels import (
    draw_panel,
    finish_panels,
    margins_for,
    panel_height,
    show_time,
)
from hexoframe.plotting.titles import title_of
from hexoframe.plotting.windows import Window, stamps_of, view_of
from hexoframe.recording import metadata
from hexoframe.timestamps.moments import length_ns

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hexoframe.plotting.figures import FigureAxes, Given, Margins
    from hexoframe.plotting.windows import ChannelView
    from hexoframe.timestamps.moments import Length

__all__ = ["follow"]

_USUAL = ("heart_rate", "breathing_rate", "minute_ventilation", "activity")
# How long a window has for what was typed or clicked in it.
_NAP_S = 0.01


def follow(
    parts: Iterable[Mapping[str, pd.DataFrame]],
    *,
    channels: Sequence[str] | None = None,
    last: Length = "10min",
    ax: Given | None = None,
) -> FigureAxes:
    """Draw the running rates of a record, anew with each part that comes.

    Returns when the record is over. A notebook shows the figure below the cell and
    changes it there, and a window changes; a program without either can draw into a
    file between two parts.

    Parameters
    ----------
    parts : iterable of mapping from str to DataFrame
        New samples by channel, as ``client.follow(number)`` gives them.
    channels : sequence of str, optional
        Channels to draw, one below the other; by default heart rate, breathing rate,
        minute ventilation and activity.
    last : str or timedelta, default "10min"
        How long the time axis is, up to the newest sample.
    ax : Axes or sequence of Axes, optional
        Where to draw, one for each channel; a new figure by default.

    Returns
    -------
    fig : Figure
        The figure.
    axes : Axes or array of Axes
        A panel for each channel.

    Raises
    ------
    ConfigurationError
        If matplotlib is not installed, no channel is named, nothing came, ``ax`` is not
        as many axes as there are channels, or ``last`` is no length of time.
    UnknownChannelError
        If the model has no such channel.

    Examples
    --------
    >>> hexoframe.plotting.follow(client.follow(12345))  # doctest: +SKIP
    """
    pyplot()  # tell what is missing before anything is requested
    names = _USUAL if channels is None else tuple(channels)
    if not names or isinstance(channels, str):
        raise ConfigurationError(
            f"channels={channels!r}: give a list of channels, such as ['heart_rate']"
        )
    if not isinstance(parts, Iterable):
        raise ConfigurationError(
            f"parts is a {type(parts).__name__}: give client.follow(number)"
        )
    drawn = _LivePicture(names, length_ns("last", last), ax)
    for part in parts:
        if drawn.add(part):
            drawn.draw()
    return drawn.result()


class _LivePicture:
    """The figure, and the samples that it shows."""

    def __init__(
        self, names: tuple[str, ...], length: int, given: Given | None
    ) -> None:
        self._names = names
        self._length = length
        self._given = given
        self._frames: dict[str, pd.DataFrame] = {}
        self._figure: Figure | None = None
        self._axes: list[Axes] = []
        self._margins: Margins | None = None
        self._shown: Any = None

    def add(self, part: Mapping[str, pd.DataFrame]) -> bool:
        """Take the new samples of a part; return whether the picture changes."""
        news = False
        for name in self._names:
            fresh = part.get(name)
            if fresh is None:
                continue
            news = news or bool(len(fresh))
            held = self._frames.get(name)
            joined = fresh if held is None else metadata.concat([held, fresh])
            self._frames[name] = joined.sort_index()
        newest = self._newest()
        if newest is not None:
            early = pd.Timestamp(newest - self._length, unit="ns", tz="UTC")
            for name, frame in self._frames.items():
                # What left the axis is not needed again, but for the line up to it.
                first = max(0, int(frame.index.searchsorted(early)) - 1)
                self._frames[name] = frame.iloc[first:]
        return news

    def _newest(self) -> int | None:
        ends = [int(stamps_of(f)[-1]) for f in self._frames.values() if len(f)]
        return max(ends, default=None)

    def draw(self) -> None:
        """Draw all panels anew, and show them where somebody looks."""
        newest = self._newest()
        if newest is None or len(self._frames) < len(self._names):
            return
        begun = min(int(stamps_of(f)[0]) for f in self._frames.values() if len(f))
        first = max(begun, newest - self._length)
        zone = pd.DatetimeIndex(next(iter(self._frames.values())).index).tz
        assert zone is not None  # noqa: S101  # frames have one
        window = Window(first, newest, zone)
        views = [view_of(self._frames[name], window) for name in self._names]
        figure = self._prepared(views)
        used: set[bool] = set()
        for one, view in zip(self._axes, views, strict=True):
            one.clear()
            used |= draw_panel(one, view)
        show_time(self._axes, window)
        finish_panels(figure, self._axes, views, used, self._margins)
        if self._given is None:
            entitle(figure, title_of("Running rates", window, views[0].record))
        self._show(figure)

    def _prepared(self, views: Sequence[ChannelView]) -> Figure:
        """Return the figure, without the legends of the draw before."""
        if self._figure is None:
            margins = margins_for(views)
            heights = [panel_height(view) for view in views]
            self._margins = margins if self._given is None else None
            self._figure, self._axes = make_panels(
                "follow", heights, self._given, margins
            )
        for legend in list(self._figure.legends) if self._given is None else ():
            legend.remove()
        return self._figure

    def _show(self, figure: Figure) -> None:
        """Show the figure in the notebook or the window that it is in, if any."""
        plt = pyplot()
        if getattr(figure.canvas, "required_interactive_framework", None):
            plt.pause(_NAP_S)
        elif self._shown is not None:
            self._shown.update(figure)
        elif "inline" in plt.get_backend() and "IPython" in sys.modules:
            display = sys.modules["IPython"].display.display
            self._shown = display(figure, display_id=True)

    def result(self) -> FigureAxes:
        """Return figure and axes; the figure is not shown a second time."""
        if self._figure is None:
            raise ConfigurationError(
                f"no sample of {', '.join(self._names)} came, so there is nothing to "
                "draw: name other channels"
            )
        if self._shown is not None:
            pyplot().close(self._figure)
        return picture(self._figure, self._axes)
