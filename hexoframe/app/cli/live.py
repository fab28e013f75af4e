"""``hexoframe follow``: a record while it is recorded."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.cli.account import connected
from hexoframe.app.cli.lists import width
from hexoframe.app.cli.options import (
    CHANNELS,
    gather,
    model,
    no_waveforms,
    split_names,
)
from hexoframe.app.cli.running import progress, say_if_interrupted

if TYPE_CHECKING:
    from hexoframe.api.load.follow import LivePart

__all__ = ["follow"]

# What is shown of a part, the most important first.
_SHOWN = ("heart_rate", "breathing_rate", "minute_ventilation", "activity", "spo2")


def _looking(channels: tuple[str, ...], *, no_waveforms: bool, **rest: Any) -> Any:
    wanted = split_names(channels) or None
    return {"channels": wanted, "waveforms": not no_waveforms, **rest}


_LOOK = gather(
    "look",
    _looking,
    click.option(
        "--every",
        metavar="TIME",
        default="15s",
        help="Time between two looks, 15s by default; longer while nothing comes.",
    ),
    click.option(
        "--patience",
        metavar="TIME",
        default="10min",
        help="After how long without new samples it ends, 10min by default.",
    ),
    click.option(
        "--late",
        metavar="TIME",
        default="30s",
        help="How far back each look asks again for late samples, 30s by default.",
    ),
    CHANNELS,
    no_waveforms,
    model("auto"),
)


@click.command()
@click.argument("number", metavar="ID")
@_LOOK
@click.option(
    "--to",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write each sample into DIR/live_ID.csv as it comes, and go on with that file "
    "if it is there.",
)
def follow(number: str, look: dict[str, Any], to: Path | None) -> None:
    """Show a record while it is recorded, until it is complete.

    A line a look: the newest rates, and how many samples are new. ECG, respiration and
    acceleration come when the recording is over: the record is cached then, and
    'hexoframe download' writes it. Ctrl-C ends it. Exit code 1 if the record was given
    up before it was complete.
    """
    from hexoframe.api.load.recordhead import number_of  # noqa: PLC0415  # pandas
    from hexoframe.app.livefile import LiveFile  # noqa: PLC0415  # pandas

    record, count = number_of("record", number), 0
    say_if_interrupted("nothing came yet")
    with ExitStack() as opened:
        file = None if to is None else opened.enter_context(LiveFile(to, record))
        client = opened.enter_context(connected())
        seen = {} if file is None else file.seen()
        for part in client.follow(record, seen=seen, progress=progress(), **look):
            if file is not None:
                file.add(part.frames)
            count += part.samples
            say_if_interrupted(_came(count, part, file))
            click.echo(_line(part)[: width()])
        if file is not None:
            file.put_in_order()
            click.echo(file.path)
    if not part.is_complete:
        click.get_current_context().exit(1)


def _line(part: LivePart) -> str:
    """Return what is new: the newest rates, how many samples, and the status."""
    from hexoframe.channels import channels_of  # noqa: PLC0415  # reads the table
    from hexoframe.errors import harmless  # noqa: PLC0415  # only here
    from hexoframe.plotting.figures import per_unit, unit_of  # noqa: PLC0415  # numpy

    texts = ["" if part.until is None else f"{part.until:%Y-%m-%d %H:%M:%S}"]
    texts.append(f"{part.samples:>6,} new")
    for name in _SHOWN:
        if name in part.frames:
            (unit,) = channels_of(part.family)[name].units.values()
            value = float(part.frames[name].to_numpy()[-1, 0]) / per_unit(unit)
            texts.append(f"{name.replace('_', ' ')} {value:.3g} {unit_of(unit)}")
    return "  ".join([*texts, harmless(part.status)])


def _came(count: int, part: LivePart, file: Any) -> str:
    """Return what came so far, for Ctrl-C."""
    until = "" if part.until is None else f", to {part.until:%Y-%m-%d %H:%M:%S} UTC"
    then = "" if file is None else f" in {file.path}; the same command goes on there"
    return f"{count:,} samples came{until}{then}"
