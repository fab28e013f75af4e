"""``hexoframe plot``: pictures of records, from files or from the service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.cli.asking import client, is_number
from hexoframe.app.cli.commands import KEPT, progress, say_if_interrupted
from hexoframe.app.cli.options import (
    MOMENT,
    Whole,
    fetching,
    gather,
    model,
    no_waveforms,
    reading,
)
from hexoframe.app.cli.saving import tell_saved
from hexoframe.app.wording import spoken
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from hexoframe.app.batch import Saved
    from hexoframe.app.pictures import Drawing

__all__ = ["plot"]


class _Length(click.ParamType):  # type: ignore[type-arg]  # older ones take none
    """A length of time with its unit."""

    name = "length"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return a length as it is, or refuse it."""
        from hexoframe.analysis.align import length_ns  # noqa: PLC0415  # pandas

        try:
            length_ns("it", value, least=0 if param and param.name == "start" else 1)
        except ConfigurationError:
            self.fail(
                f"{value!r} is no length of time, such as 90s or 10min", param, ctx
            )
        return str(value)


class _Start(click.ParamType):  # type: ignore[type-arg]  # older ones take none
    """A time with its zone, a tick, or a length behind the start of the record."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Return a tick as a number and the rest as it is, or refuse it."""
        text = str(value)
        is_moment = text.isdecimal() or set("-:") & set(text)
        kind = MOMENT if is_moment else _LENGTH
        return kind.convert(value, param, ctx)


_LENGTH = _Length()


def _draw(*, no_waveforms: bool, **rest: Any) -> Drawing:
    from hexoframe.app.pictures import Drawing  # noqa: PLC0415  # help comes at once

    given = {name: value for name, value in rest.items() if value is not None}
    return Drawing(waveforms=not no_waveforms, **given)


_drawing = gather(
    "drawing",
    _draw,
    click.option(
        "--channel",
        "what",
        metavar="NAME",
        help="One channel, by name or id; or coverage, sleep or rr. The page of the "
        "whole record by default.",
    ),
    click.option(
        "--start",
        metavar="TIME",
        type=_Start(),
        help="Where to begin: a length behind the start of the record (90s), a time "
        "with its zone (2024-03-01T22:00:00Z), or a tick.",
    ),
    click.option(
        "--duration",
        metavar="LENGTH",
        type=_LENGTH,
        help="How long, such as 10s; to the end of the record by default.",
    ),
    no_waveforms,
    model("auto"),
    click.option(
        "--tz",
        metavar="ZONE",
        help="Zone of the time axis, such as America/Montreal; UTC by default.",
    ),
    click.option(
        "--out",
        "file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The picture; its suffix says what it is: .png, .pdf, .svg and others. By "
        "default record_ID.png, or record_ID_CHANNEL.png, in this folder.",
    ),
    click.option(
        "--dpi",
        metavar="N",
        type=Whole(10, 2400),
        help="Pixels in an inch; 100 by default.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace a picture from before."),
)


@click.command()
@click.argument("whats", metavar="PATH|ID...", nargs=-1, required=True)
@_drawing
@fetching
@reading
def plot(
    whats: tuple[str, ...],
    drawing: Drawing,
    how: dict[str, Any],
    source: dict[str, Any],
) -> None:
    """Draw a record on one page, or one channel of it.

    PATH is what 'hexoframe convert' takes, and ID a record of the service, of which
    what the picture needs is downloaded. One that cannot be drawn is skipped, the
    others go on. Prints where the pictures are, a path a line. Needs pip install
    "hexoframe[plot]".
    """
    from hexoframe.app.pictures import without_screen  # noqa: PLC0415

    without_screen()
    if drawing.file is not None and len(whats) > 1:
        raise click.UsageError(
            "--out is the file of one picture: leave it out, and each record gets a "
            "file of its own."
        )
    try:
        drawing.check()
    except ConfigurationError as error:
        raise click.UsageError(spoken(str(error))) from error
    tell_saved(_drawn(whats, drawing, how, source), "record")


def _drawn(
    whats: Sequence[str],
    drawing: Drawing,
    how: dict[str, Any],
    source: dict[str, Any],
) -> Iterator[Saved]:
    """Draw the records of ids, then the recordings in paths."""
    from hexoframe.app.pictures import draw_files, draw_records  # noqa: PLC0415

    numbers = [what for what in whats if is_number(what)]
    paths = [what for what in whats if what not in numbers]
    if numbers:
        say_if_interrupted(KEPT)
        with client(offline=how["offline"]) as asking:
            asked = {**how, "progress": progress()}
            yield from draw_records(asking, numbers, drawing, **asked)
    partial = how["allow_partial"]
    yield from draw_files(paths, drawing, allow_partial=partial, **source)
