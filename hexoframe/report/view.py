"""The view of a record: one HTML file that holds the samples and draws them.

It opens from the disk and asks no address: a Content-Security-Policy with the hashes of
its own script and style forbids the rest. `viewdata` says what it shows; the script is
in ``assets``.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from hexoframe.analysis.beattable import beat_table
from hexoframe.report.html import check_target, write_page
from hexoframe.report.viewdata import (
    Panel,
    chosen_sources,
    fill_panel,
    guess_size,
    panel_of,
    record_facts,
)
from hexoframe.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hexoframe.recording.data import RecordData

__all__ = [
    "INLINE",
    "LARGEST",
    "RecordView",
    "fitting_panels",
    "make_page",
    "make_view",
]

LARGEST = 25_000_000
"""Bytes of a page that holds every sample; a browser opens it in a few seconds."""
INLINE = 10_000_000
"""Bytes of a page in a notebook, which keeps it as text."""

# The first runs in a Worker, too.
_DECODE = ("decode.js",)
_SCRIPTS = ("uPlot.iife.min.js", "series.js", "clock.js", "view.js")
_STYLES = ("uPlot.min.css", "view.css")
# Rates of lowest and highest samples, tried one after the other in a page that would be
# too large.
_RATES_HZ = (16, 4, 1)
# So far off may a guess of the size be.
_PLAY = 1.1
# What is not samples: script, style and the facts of the record.
_REST = 250_000
# Height of the frame in a notebook, in pixels.
_HEIGHT = 720


@dataclass(frozen=True, slots=True)
class RecordView:
    """A page that shows a record; a notebook shows it inline.

    Attributes
    ----------
    html : str
        The page.
    path : Path or None
        Where it was written.
    reduced : dict of str to float
        Channels of which the page does not hold every sample: for each, the rate, in
        Hz, of the lowest and highest samples that it holds.
    """

    html: str
    path: Path | None
    reduced: dict[str, float]

    def __repr__(self) -> str:
        """Return where the page is, and how large."""
        where = "not written" if self.path is None else str(self.path)
        return f"<RecordView {where}, {len(self.html) / 1e6:.1f} MB>"

    def __fspath__(self) -> str:
        """Return the path of the page, for what takes files."""
        if self.path is None:
            raise TypeError("the page was not written: give record.explore(path) one")
        return str(self.path)

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, as notebooks show it.

        A file that is too large for a notebook is named.
        """
        if len(self.html) > INLINE:
            return (
                f"<p>{html.escape(str(self.path))} has {len(self.html) / 1e6:.0f} MB, "
                "too much for a notebook: open it in a browser, or look at a part, "
                "with start= and end=.</p>"
            )
        page = html.escape(self.html)
        return (
            f'<iframe srcdoc="{page}" title="View of a record" width="100%" '
            f'height="{_HEIGHT}" style="border:0" allow="clipboard-write"></iframe>'
        )


def make_view(
    record: RecordData,
    path: str | Path | None = None,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
) -> RecordView:
    """Return the view of a record, and write it if there is a path.

    Parameters
    ----------
    record : RecordData
        The record, cut to what is shown; the channels that the page holds are read.
    path, channels, overwrite
        As for `hexoframe.Record.explore`.

    Returns
    -------
    RecordView
        The page.

    Raises
    ------
    ConfigurationError, UnknownChannelError, OutputExistsError
        As for `hexoframe.Record.explore`.
    """
    target = None if path is None else check_target(path)
    panels = fitting_panels(record, channels, INLINE if path is None else LARGEST)
    text = make_page(record, panels)
    if target is not None:
        write_page(text, target, overwrite=overwrite)
    return RecordView(text, target, _reduced(record, panels))


def _reduced(record: RecordData, panels: Sequence[Panel]) -> dict[str, float]:
    return {
        panel.source.key: record.clock / panel.every for panel in panels if panel.every
    }


def fitting_panels(
    record: RecordData, channels: Sequence[str | int] | None, largest: int
) -> list[Panel]:
    """Return the panels of a page, with all samples as far as so many bytes allow.

    The largest gives way first: it keeps the lowest and the highest sample of each 1/16
    s; and all of them do before one keeps those of longer spans.
    """
    sources = chosen_sources(record, channels)
    beats = functools.cache(lambda: beat_table(record))
    panels = [panel_of(record, source, beats) for source in sources]
    room = largest - _REST
    for panel, every in zip(panels, _first_tries(record, panels, room), strict=True):
        fill_panel(record, panel, every)
    while sum(panel.size for panel in panels) > room:
        steps = [panel.every for panel in panels]
        worst = _gives_way(record, panels, steps, [panel.size for panel in panels])
        if worst is None:
            break
        panel = panels[worst]
        fill_panel(record, panel, _next_step(record, panel.spacing))
    return panels


def _first_tries(record: RecordData, panels: Sequence[Panel], room: float) -> list[int]:
    """Return of how many ticks each panel should keep the extremes, as far as guessed.

    All samples are tried where they may fit.
    """
    steps = [0] * len(panels)
    sizes = [panel.size + guess_size(record, panel) for panel in panels]
    while sum(sizes) > room * _PLAY:
        worst = _gives_way(record, panels, steps, sizes)
        if worst is None:
            break
        panel = panels[worst]
        steps[worst] = _next_step(record, steps[worst] or panel.spacing)
        sizes[worst] = panel.size + guess_size(record, panel, steps[worst])
    return steps


def _gives_way(
    record: RecordData,
    panels: Sequence[Panel],
    steps: Sequence[int],
    sizes: Sequence[float],
) -> int | None:
    """Return which panel should hold less; None where none can."""
    dense = [
        at
        for at, (panel, step) in enumerate(zip(panels, steps, strict=True))
        if 0 < (step or panel.spacing) < record.clock
    ]
    return max(dense, key=lambda at: (-steps[at], sizes[at]), default=None)


def _next_step(record: RecordData, spacing: float) -> int:
    """Return the next longer span, in ticks, of which the extremes are kept."""
    steps = (record.clock // rate for rate in _RATES_HZ)
    return next((step for step in steps if step > spacing), record.clock)


def make_page(
    record: RecordData, panels: Sequence[Panel], *, served: bool = False
) -> str:
    """Return the page of panels; if it is `served`, it asks its server for the rest."""
    facts = {
        **record_facts(record),
        "version": __version__,
        "served": served,
        "panels": [panel.content for panel in panels],
    }
    texts = {name: text for panel in panels for name, text in panel.texts.items()}
    style, decode, script = map(_assets, (_STYLES, _DECODE, _SCRIPTS))
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(decode)} {_hash(script)}",
            f"style-src {_hash(style)}",
            "worker-src blob:",
            "img-src data:",
            "connect-src 'self'" if served else "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = {
        "licence": _assets(("uPlot.LICENSE",)),
        "policy": html.escape(policy),
        "title": html.escape(f"{facts['title']}, hexoframe"),
        "style": style,
        "facts": _json_of(facts),
        "samples": "\n".join(
            f'<script type="text/plain" id="{name}">{text}</script>'
            for name, text in texts.items()
        ),
        "decode": decode,
        "script": script,
    }
    return Template(_assets(("view.html",))).substitute(parts)


@functools.cache
def _assets(names: tuple[str, ...]) -> str:
    folder = files("hexoframe.report").joinpath("assets")
    return "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)


def _hash(text: str) -> str:
    """Return what a policy calls an inline script or style that may run."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _json_of(facts: dict[str, Any]) -> str:
    """Return facts as JSON that ends no script, whatever users wrote into them."""
    text = json.dumps(facts, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
