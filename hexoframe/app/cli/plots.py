"""``hexoframe plot`` and ``channels``: pictures, and what a model can record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.batch import draw_files, draw_records
from hexoframe.app.choices import Saved, check_folder, is_id
from hexoframe.app.cli.account import connected
from hexoframe.app.cli.lists import show_frame
from hexoframe.app.cli.options import (
    MOMENT_OF_RECORD,
    WholeNumber,
    fetching,
    gather,
    listing,
    model,
    model_choice,
    no_waveforms,
    reading,
)
from hexoframe.app.cli.running import (
    KEPT,
    progress,
    say_if_interrupted,
    tell_saved,
)
from hexoframe.app.wording import reworded
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from hexoframe.app.pictures import Drawing

__all__ = ["channels", "plot"]


# -- channels --------------------------------------------------------------------------


@click.command()
@click.argument("name", metavar="[MODEL]", required=False, type=model_choice())
@model(None)
@listing
def channels(name: str | None, model: str | None, form: str) -> None:
    """Show the channels of a model, or of all models.

    verified: what confirms the scale of the channel: recordings (real), a document,
    code of the vendor, or nothing (a guess).
    """
    from hexoframe.app.listing import channel_rows  # noqa: PLC0415  # pandas
    from hexoframe.channels import channel_table  # noqa: PLC0415  # pandas

    show_frame(channel_table(name or model), form, channel_rows)


# -- plot ------------------------------------------------------------------------------


class _Length(click.ParamType):  # type: ignore[type-arg]  # older ones take none
    """A length of time with its unit."""

    name = "length"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return a length unchanged, or refuse it."""
        from hexoframe.timestamps.moments import length_ns  # noqa: PLC0415  # pandas

        try:
            length_ns("it", value)
        except ConfigurationError:
            self.fail(
                f"{value!r} is not a length of time, such as 90s or 10min", param, ctx
            )
        return str(value)


_LENGTH = _Length()


def _draw(*, no_waveforms: bool, **rest: Any) -> Drawing:
    from hexoframe.app.pictures import Drawing  # noqa: PLC0415  # keeps help quick

    given = {name: value for name, value in rest.items() if value is not None}
    return Drawing(waveforms=not no_waveforms, **given)


_drawing = gather(
    "drawing",
    _draw,
    click.option(
        "--channel",
        "what",
        metavar="NAME",
        help="One channel, by name or id; or beats, breaths, coverage, hrv, rr, sleep "
        "or summary. The page of the whole record by default.",
    ),
    click.option(
        "--start",
        metavar="TIME",
        type=MOMENT_OF_RECORD,
        help="Where to begin: a length after the start of the record (90s), a time "
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
        help="The picture; its suffix names the format: .png, .pdf, .svg and others. "
        "By default record_ID.png, or record_ID_CHANNEL.png, in this folder.",
    ),
    click.option(
        "--dpi",
        metavar="N",
        type=WholeNumber(10, 2400),
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
    others go on. Prints where the pictures are, a path a line; one that is there
    already, unchanged, is left as it is. Needs pip install "hexoframe[plot]".
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
        raise click.UsageError(reworded(str(error))) from error
    check_folder(
        drawing.folder if drawing.file is None else drawing.file.parent, "file"
    )
    tell_saved(_drawn(whats, drawing, how, source), "record")


def _drawn(
    whats: Sequence[str],
    drawing: Drawing,
    how: dict[str, Any],
    source: dict[str, Any],
) -> Iterator[Saved]:
    """Draw the records of ids, then the recordings in paths."""
    numbers = [what for what in whats if is_id(what)]
    paths = [what for what in whats if what not in numbers]
    if numbers:
        say_if_interrupted(KEPT)
        with connected(offline=how["offline"]) as client:
            asked = {**how, "progress": progress()}
            yield from draw_records(client, numbers, drawing, **asked)
    partial = how["allow_partial"]
    yield from draw_files(paths, drawing, allow_partial=partial, **source)
