"""Options that several commands share.

A decorator adds a group of options to a command, and passes them as one argument.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from hexoframe.app.choices import FORMATS, MODELS, Output, Selection
from hexoframe.app.wording import reworded
from hexoframe.errors import ConfigurationError, TimestampError

__all__ = [
    "AT_MOST",
    "BY_USER",
    "CHANNELS",
    "FROM",
    "LISTING",
    "MOMENT",
    "MOMENT_OF_RECORD",
    "SPANS",
    "UNTIL",
    "WholeNumber",
    "fetching",
    "fetching_ranges",
    "gather",
    "ids",
    "listing",
    "model",
    "model_choice",
    "no_waveforms",
    "output",
    "output_whole",
    "partial",
    "reading",
    "selection",
    "split_names",
]

# More seconds than 300 years have: a number that is larger is meant for a tick.
_LEAST_TICK = 10_000_000_000
_NAMED_SPANS = ("ranges", "sleep", "day", "whole")
_F = TypeVar("_F", bound=Callable[..., Any])

LISTING = ("table", "all", "csv", "json")
"""The forms of a list; ``all`` is a table with all columns."""


def gather(
    name: str, make: Callable[..., Any], *options: Callable[[Any], Any]
) -> Callable[[_F], _F]:
    """Return a decorator that adds options and passes ``make(**values)`` as `name`."""
    probe: Any = lambda: None  # noqa: E731  # click collects options on a function
    for option in reversed(options):
        option(probe)
    names = [each.name for each in probe.__click_params__]

    def decorate(command: Any) -> Any:
        @functools.wraps(command)
        def call(**values: Any) -> Any:
            taken = {each: values.pop(each) for each in names}
            return command(**values, **{name: make(**taken)})

        for option in reversed(options):
            option(call)
        return call

    return decorate


class _Moment(click.ParamType):  # type: ignore[type-arg]  # older ones take none
    """A time with its zone, a tick, or a length behind the start of a `record`."""

    name = "time"

    def __init__(self, *, record: bool) -> None:
        self._origin = 0 if record else None

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Return a number as such and the rest unchanged, or refuse it."""
        from hexoframe.timestamps import clock_of  # noqa: PLC0415  # numpy
        from hexoframe.timestamps.moments import moment_to_tick  # noqa: PLC0415  # numpy

        number = int(value) if str(value).isdecimal() else None
        try:
            if number is not None and number >= _LEAST_TICK:
                clock_of(number)
            else:
                given = value if number is None else number
                moment_to_tick(given, clock=256, origin=self._origin)
        except TimestampError as error:
            self.fail(str(error), param, ctx)
        return str(value) if number is None else number


MOMENT = _Moment(record=False)
"""The type of options that take a time."""
MOMENT_OF_RECORD = _Moment(record=True)
"""The type of options that take a time of a record, or a length behind its start."""


class WholeNumber(click.ParamType):  # type: ignore[type-arg]  # older ones take none
    """A whole number from `least` to `most`; help does not show these as a formula."""

    name = "number"

    def __init__(self, least: int, most: int | None = None) -> None:
        self._range = click.IntRange(least, most)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number, or refuse it."""
        return int(self._range.convert(value, param, ctx))


# -- which channels, from when to when -------------------------------------------------


def model(default: str | None) -> Callable[[_F], _F]:
    """Return the option ``--model``; without a default it has no ``auto``."""
    values = MODELS[default is None :]
    return click.option(
        "--model",
        metavar="MODEL",
        type=model_choice(values),
        default=default,
        help=f"Model of the device: {_listed(values)}.",
    )


def model_choice(values: Sequence[str] = MODELS[1:]) -> click.Choice[str]:
    """Return the type of an argument or option that names a model."""
    return click.Choice(values, case_sensitive=False)


def _listed(values: Sequence[str]) -> str:
    return f"{', '.join(values[:-1])} or {values[-1]}"


def _select(channels: tuple[str, ...], *, no_waveforms: bool, **rest: Any) -> Selection:
    wanted = split_names(channels)
    return Selection(channels=wanted, waveforms=not no_waveforms, **rest)


def split_names(given: Iterable[str]) -> tuple[str, ...]:
    """Return the names in the values of an option, which commas separate."""
    named = (name.strip() for text in given for name in text.split(","))
    return tuple(filter(None, named))


CHANNELS = click.option(
    "--channels",
    metavar="A,B,...",
    multiple=True,
    help="Channels by name or id, such as ecg,heart_rate; all by default.",
)
"""Option for names of channels, as ``channels``; `split_names` separates them."""
no_waveforms = click.option(
    "--no-waveforms",
    is_flag=True,
    help="Leave out ECG, respiration, acceleration and PPG: much quicker.",
)
"""Option that leaves waveforms out, as ``no_waveforms``."""

selection = gather(
    "selection",
    _select,
    CHANNELS,
    no_waveforms,
    click.option(
        "--start",
        metavar="TIME",
        type=MOMENT_OF_RECORD,
        help="From then on: a time with its zone (2024-03-01T22:00:00Z), a length "
        "after the start of the record (90s), or a tick.",
    ),
    click.option(
        "--end",
        metavar="TIME",
        type=MOMENT_OF_RECORD,
        help="What begins before then.",
    ),
    model("auto"),
)
"""Options that choose channels and span, as ``selection``."""


class _Spans(click.ParamType):  # type: ignore[type-arg]  # older ones take none
    """A length of time, or the name of spans."""

    name = "spans"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return it unchanged, or refuse it."""
        from hexoframe.timestamps.moments import length_ns  # noqa: PLC0415  # pandas

        text = str(value)
        if text not in _NAMED_SPANS:
            try:
                length_ns("it", text)
            except ConfigurationError:
                self.fail(
                    f"{text!r} is neither a length of time, such as 5min, nor one of "
                    f"{', '.join(_NAMED_SPANS)}",
                    param,
                    ctx,
                )
        return text


SPANS = _Spans()
"""Type of an option that names spans of time."""


# -- how it is fetched -----------------------------------------------------------------

_REFRESH = click.option("--refresh", is_flag=True, help="Fetch again what is cached.")
_REFRESH_TABLES = click.option(
    "--refresh-tables",
    is_flag=True,
    help="Fetch activities, annotations, track and metrics again, and no samples.",
)
_PARTIAL = click.option(
    "--allow-partial",
    is_flag=True,
    help="Go on although samples that the source holds are missing.",
)
_OFFLINE = click.option(
    "--offline", is_flag=True, help="Send no request: use what the cache has."
)
_SOURCE = (
    click.option(
        "--source-tz",
        metavar="ZONE",
        help="Zone of time stamps that are text, as old .txt files have them.",
    ),
    click.option(
        "--source-format",
        metavar="F",
        help="strftime format of such text.",
    ),
)


def _source(source_tz: str | None, source_format: str | None) -> dict[str, Any]:
    """Return the given ones as arguments of `open_records`."""
    given = {"tz": source_tz, "timestamp_format": _with_tabs(source_format)}
    return {name: value for name, value in given.items() if value is not None}


def _with_tabs(fmt: str | None) -> str | None:
    """Return a format with its tabs, which a shell passes as two characters."""
    return None if fmt is None else fmt.replace("\\t", "\t")


def _how(*, refresh: bool, refresh_tables: bool, **how: Any) -> dict[str, Any]:
    """Return the arguments of `load_record`."""
    return {"refresh": refresh or ("tables" if refresh_tables else False), **how}


fetching = gather("how", _how, _REFRESH, _REFRESH_TABLES, _PARTIAL, _OFFLINE)
"""Options for how records are fetched, as ``how``."""
fetching_ranges = gather("how", _how, _REFRESH, _REFRESH_TABLES, _PARTIAL)
"""Options for how ranges are fetched, as ``how``."""
reading = gather("source", _source, *_SOURCE)
"""Options for text time stamps in files that are read, as ``source``."""
partial = _PARTIAL
"""Option to go on without lost samples, as ``allow_partial``."""


# -- where it goes ---------------------------------------------------------------------

# Formats with values of either scale, and those that cannot hold a hole.
_SCALED = ("csv", "parquet", "mat", "bids")
_HOLED = ("edf", "kubios")


def _put_out(
    to: Path, formats: tuple[Any, ...], tz: str | None, *, overwrite: bool, **more: Any
) -> Output:
    form, fmt = more["timestamps"], more["timestamp_format"]
    for name, value in (("--timestamp-format", fmt), ("--tz", tz)):
        if value is not None and form != "string":
            raise click.UsageError(f"{name} goes with --timestamps string.")
    if form == "string" and "txt" not in formats:
        raise click.UsageError(
            "--timestamps string is for .txt: CSV is always text in UTC, Parquet and "
            "MAT hold exact times. Add --format txt, or leave it out."
        )
    if more["dialect"] == "port" and "txt" not in formats:
        raise click.UsageError(
            "--dialect port is for .txt. Add --format txt, or leave it out."
        )
    if more["units"] == "raw" and not {*_SCALED} & {*formats}:
        raise click.UsageError(
            "--units raw is for CSV, Parquet, MAT and BIDS: .txt always has the values "
            "of the service's answers, EDF and WFDB counts and their scale. Add "
            f"--format {_listed(_SCALED)}, or leave it out."
        )
    if more["gaps"] != "raise" and not {*_HOLED} & {*formats}:
        raise click.UsageError(
            f"--gaps is for EDF and Kubios. Add --format {_listed(_HOLED)}, or leave "
            "it out."
        )
    wanted = Output(
        folder=to,
        formats=tuple(dict.fromkeys(formats)),
        timestamps=form,
        timestamp_format=_with_tabs(fmt),
        tz="UTC" if tz is None else tz,
        dialect=more["dialect"],
        units=more["units"],
        gaps=more["gaps"],
        overwrite=overwrite,
    )
    try:
        wanted.check()
    except ConfigurationError as error:
        raise click.UsageError(reworded(str(error))) from error
    wanted.check_folder()
    return wanted


def _format(default: str) -> Callable[[_F], _F]:
    return click.option(
        "-f",
        "--format",
        "formats",
        metavar="FORMAT",
        type=click.Choice(FORMATS),
        multiple=True,
        default=(default,),
        help=f"{_listed(FORMATS)}; may be given several times. The default is "
        f"{default}.",
    )


_WRITTEN = (
    click.option(
        "--timestamps",
        metavar="FORM",
        type=click.Choice(("epoch", "string")),
        default="epoch",
        help="Time stamps in .txt: epoch for ticks, which is the default, or string.",
    ),
    click.option(
        "--timestamp-format",
        metavar="F",
        help=r"strftime format of a string; %Y:%m:%d\t%H:%M:%S:%f by default.",
    ),
    click.option(
        "--tz",
        metavar="ZONE",
        help="Zone of a string, such as America/Montreal; UTC by default.",
    ),
    click.option(
        "--dialect",
        metavar="DIALECT",
        type=click.Choice(("classic", "port")),
        default="classic",
        help="Names and digits of .txt: classic, which is the default, as HxApi2_0 of "
        "2015 has them, or port, as its port to Python 3.",
    ),
    click.option(
        "--units",
        metavar="UNITS",
        type=click.Choice(("physical", "raw")),
        default="physical",
        help="Values in CSV, Parquet, MAT and BIDS: physical, which is the default, or "
        "raw for the counts of the recorder.",
    ),
    click.option(
        "--gaps",
        metavar="WAY",
        type=click.Choice(("raise", "fill", "split")),
        default="raise",
        help="What EDF and Kubios do where samples or beats are missing: raise, which "
        "is the default, skips the recording; split writes a file for each part "
        "between; fill (EDF) fills and marks.",
    ),
    click.option(
        "--overwrite", is_flag=True, help="Replace files that were written before."
    ),
)
_TO = click.option(
    "--to",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder for the files; this one by default.",
)

output = gather("output", _put_out, _TO, _format("txt"), *_WRITTEN)
"""Options for where and how records are written, as ``output``."""
output_whole = gather("output", _put_out, _TO, _format("parquet"), *_WRITTEN)
"""The same, for a command whose files are to keep all that is known."""


# -- lists -----------------------------------------------------------------------------

BY_USER = click.option(
    "--user", metavar="USER", help="Only of this user: id or e-mail."
)
"""Option for the user whose objects are listed."""
FROM = click.option(
    "--start", metavar="TIME", type=MOMENT, help="Only what begins then or later."
)
"""Option for the time from which on objects are listed."""
UNTIL = click.option(
    "--end", metavar="TIME", type=MOMENT, help="Only what ends then or before."
)
"""Option for the time up to which objects are listed."""
AT_MOST = click.option(
    "--limit", metavar="N", type=WholeNumber(1), help="At most N of them."
)
"""Option for how many are listed."""


def _form(*, all_columns: bool, as_csv: bool, as_json: bool) -> str:
    given = {"all": all_columns, "csv": as_csv, "json": as_json}
    forms = [form for form in LISTING if given.get(form)]
    if len(forms) > 1:
        raise click.UsageError("--all-columns, --csv and --json exclude each other.")
    return forms[0] if forms else LISTING[0]


listing = gather(
    "form",
    _form,
    click.option(
        "--all-columns",
        is_flag=True,
        help="Show every column, in several tables where the terminal is narrow.",
    ),
    click.option("--csv", "as_csv", is_flag=True, help="As CSV, everything in it."),
    click.option("--json", "as_json", is_flag=True, help="As JSON, everything in it."),
)
"""Options for the form of a list, as ``form``, one of `LISTING`."""


def ids(what: str) -> Callable[[_F], _F]:
    """Return the argument for one or several ids, as ``numbers``."""
    return click.argument("numbers", metavar=f"{what}...", nargs=-1, required=True)
