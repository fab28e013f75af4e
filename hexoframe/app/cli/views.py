"""``hexoframe explore``: a record to zoom into, as a file or on this machine."""

from __future__ import annotations

import webbrowser
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.choices import check_folder
from hexoframe.app.cli.options import (
    WholeNumber,
    fetching,
    gather,
    reading,
    selection,
)
from hexoframe.app.cli.results import opened
from hexoframe.app.cli.running import fail, tell, tell_path
from hexoframe.app.wording import reworded
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hexoframe.app.choices import Selection
    from hexoframe.record import Record

__all__ = ["explore"]

# On Windows a wait without an end could not be interrupted.
_NAP_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploring:
    """Where a view is shown: in a file, or on a port of this machine."""

    file: Path | None
    tz: str | None
    port: int
    browser: bool
    overwrite: bool

    def check(self) -> None:
        """Refuse a wrong suffix, zone or folder before anything is loaded."""
        from hexoframe.report.html import check_target  # noqa: PLC0415  # numpy
        from hexoframe.timestamps.zones import zone_name  # noqa: PLC0415  # numpy

        try:
            if self.file is not None:
                check_target(self.file)
            if self.tz is not None:
                zone_name(self.tz)
        except ConfigurationError as error:
            raise click.UsageError(reworded(str(error))) from error
        if self.file is not None:
            check_folder(self.file.parent, "file")

    def show(self, record: Record, channels: Sequence[str] | None) -> None:
        """Write the page, or serve it until Ctrl-C."""
        shown = record if self.tz is None else record.tz_convert(self.tz)
        if self.file is None:
            self._serve(shown, channels)
            return
        from hexoframe.formats.atomic import noting_unchanged  # noqa: PLC0415  # shutil

        with noting_unchanged() as unchanged:
            shown.explore(self.file, channels=channels, overwrite=self.overwrite)
        tell_path(self.file, unchanged=bool(unchanged))

    def _serve(self, record: Record, channels: Sequence[str] | None) -> None:
        from hexoframe.report.serve import serve_view  # noqa: PLC0415  # pandas

        with serve_view(record, channels=channels, port=self.port) as address:
            click.echo(address)
            click.echo("Ctrl-C ends it.", err=True)
            if self.browser:
                webbrowser.open(address)
            with suppress(KeyboardInterrupt):
                while not Event().wait(_NAP_S):
                    pass


def _explore(*, no_browser: bool, **given: Any) -> Exploring:
    return Exploring(browser=not no_browser, **given)


_exploring = gather(
    "exploring",
    _explore,
    click.option(
        "--out",
        "file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The page, ending in .html; without it, it is shown on this machine.",
    ),
    click.option(
        "--tz",
        metavar="ZONE",
        help="Zone of the time axis, such as America/Montreal; UTC by default.",
    ),
    click.option(
        "--port",
        metavar="N",
        type=WholeNumber(0, 65_535),
        default=0,
        help="Port on 127.0.0.1; a free one by default.",
    ),
    click.option("--no-browser", is_flag=True, help="Print the address alone."),
    click.option("--overwrite", is_flag=True, help="Replace a page from before."),
)


@click.command()
@click.argument("what", metavar="PATH|ID")
@_exploring
@selection
@fetching
@reading
def explore(
    what: str,
    exploring: Exploring,
    selection: Selection,
    how: dict[str, Any],
    source: dict[str, Any],
) -> None:
    """Look into a record, from the whole night to the single beat.

    PATH is what 'hexoframe convert' takes, and ID a record of the service, which is
    downloaded unless the cache has it. Without --out a page opens in the browser, with
    every sample; its address works on this machine alone, until Ctrl-C. With --out it
    is a file that opens without hexoframe; past 25 MB, which is about a day of ECG and
    belts, it holds the lowest and the highest sample of each 1/16 s, and says so.
    --channels are those that are shown, in their order.
    """
    exploring.check()
    # All that is told of a channel, such as wear, comes from others.
    whole = replace(selection, channels=())
    found, failed = [], 0
    for name, record in opened([what], whole, how, source):
        if isinstance(record, Exception):
            failed += tell("recording", name, record)
        else:
            found.append(record)
    if len(found) > 1:
        raise click.UsageError(
            f"{what} holds {len(found)} recordings, and one is looked into at a time: "
            "give the path of one."
        )
    for record in found:
        exploring.show(record, selection.channels or None)
    fail(failed, len(found) + failed, "recordings")
