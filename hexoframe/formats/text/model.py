"""Which model and clock a folder of classic .txt files comes from.

A decision is made where names or content make it certain, and asked for otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, family_of
from hexoframe.errors import ConfigurationError, FileFormatError, TimestampError
from hexoframe.formats.text.lines import LineFile
from hexoframe.formats.text.names import names_of, only_astroskin, only_hexoskin
from hexoframe.formats.text.stamps import Stamps
from hexoframe.timestamps import clock_of, text_to_ticks

if TYPE_CHECKING:
    from hexoframe.channels import Family
    from hexoframe.formats.options import ReadOptions
    from hexoframe.timestamps import Clock

__all__ = ["Files", "decide"]

Files = Mapping[str, LineFile | None]
"""Files with samples by name, in lower case; None for an empty one."""

# A Hexoskin has the file of these too, but never anything in it.
_EMPTY_ON_HEXOSKIN = frozenset({"ptt"})
# Lines of a file that are tried on the grid of a clock.
_TRIED = 2000


def decide(
    files: Files, info: Mapping[str, Any], options: ReadOptions
) -> tuple[Family, Stamps]:
    """Return the device family and the form of the time stamps.

    Parameters
    ----------
    files : mapping of str to LineFile or None
        Files with samples.
    info : mapping
        What info.txt says; `model` and `start` help.
    options : ReadOptions
        What the caller knows.

    Returns
    -------
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        From the caller, info.txt, or names and content.
    stamps : Stamps
        How time stamps are written.

    Raises
    ------
    ConfigurationError
        If nothing tells the model, the clock or the zone, or there is no such zone;
        says how to give it.
    FileFormatError
        If files are stamped in different ways.
    """
    form = _form(files)
    model = options.model
    if model is None and info.get("model") in FAMILIES:
        model = str(info["model"])
    if form == "string" and options.tz is None:
        raise ConfigurationError(
            f"{_first(files).path}: the time stamps are local text "
            f"({_first(files).head[0].decode(errors='replace')!r}), and nothing says "
            "where that clock stood: give tz=, such as tz='America/Montreal' or "
            "tz='UTC'"
        )
    clock = _clock_of_ticks(files) if form == "epoch" else None
    clock = clock or _clock_of_model(model) or _clock_of_info(info)
    if clock is None and form == "string":
        clock = _clock_of_grid(files, options)
    if clock is None and _shown(files, 1) == "hexoskin":
        clock = CLOCK_OF_FAMILY["hexoskin"]
    if clock is None:
        raise ConfigurationError(
            f"{', '.join(files)}: the time stamps fit a clock of 256 and one of 1000 "
            "ticks a second: give model='hexoskin', 'astroskin_256' or 'astroskin_1000'"
        )
    fmt = options.timestamp_format if form == "string" else None
    stamps = Stamps(clock=clock, fmt=fmt, tz=options.tz or "UTC")
    stamps.read([])  # refuses an unknown zone and a format that cannot be read
    if model is not None:
        return family_of(model, clock=clock), stamps
    return _family(files, stamps), stamps


def _first(files: Files) -> LineFile:
    return next(file for file in files.values() if file is not None)


def _form(files: Files) -> str | None:
    """Return the one form of all time stamps; None if there is none."""
    seen: dict[str, LineFile] = {}
    for file in files.values():
        if file is None:
            continue
        if file.form is None:
            raise FileFormatError(
                f"{file.path}: line 1: found {file.head[0][:80]!r}, expected a tick or "
                "a time stamp and one to three values, split by tabs"
            )
        seen.setdefault(file.form, file)
    if len(seen) > 1:
        raise FileFormatError(
            f"{seen['epoch'].path} is stamped with ticks and {seen['string'].path} "
            "with text: one record has one form, so give their folders apart"
        )
    return next(iter(seen), None)


def _clock_of_ticks(files: Files) -> Clock:
    clocks: dict[Clock, LineFile] = {}
    for file in files.values():
        if file is not None:
            clocks.setdefault(clock_of(file.fields[0].decode()), file)
    if len(clocks) > 1:
        raise FileFormatError(
            f"{clocks[256].path} counts 256 ticks a second and {clocks[1000].path} "
            "1000: these files are not of one record"
        )
    return next(iter(clocks))


def _clock_of_model(model: str | None) -> Clock | None:
    """Return the clock of a model; None if it exists with both."""
    if model is None:
        return None
    clocks: list[Clock] = []
    for clock in (256, 1000):
        try:
            clocks.append(CLOCK_OF_FAMILY[family_of(model, clock=clock)])
        except ConfigurationError:
            continue
    if not clocks:
        family_of(model)  # raises, and says which names there are
    return clocks[0] if len(clocks) == 1 else None


def _clock_of_info(info: Mapping[str, Any]) -> Clock | None:
    start = info.get("start")
    if not isinstance(start, int | float):
        return None
    try:
        return clock_of(start)
    except TimestampError:
        return None


def _clock_of_grid(files: Files, options: ReadOptions) -> Clock | None:
    """Return the clock on whose ticks all stamps fall; None if they fall on both."""
    stamped = 1 + options.timestamp_format.count("\t")
    texts = [
        b"\t".join(line.split(b"\t")[:stamped])
        for file in files.values()
        if file is not None
        for line in itertools.islice(file.head, _TRIED)
    ]
    clocks: tuple[Clock, ...] = (256, 1000)
    errors = {clock: _misfit(texts, clock, options) for clock in clocks}
    fitting = [clock for clock in clocks if errors[clock] is None]
    if not fitting:
        raise FileFormatError(
            f"{_first(files).path}: the time stamps do not fit "
            f"{options.timestamp_format!r} on any clock ({errors[256]}); give "
            "timestamp_format= as they were written"
        )
    return fitting[0] if len(fitting) == 1 else None


def _misfit(
    texts: list[bytes], clock: Clock, options: ReadOptions
) -> TimestampError | None:
    # Offsets of zones are whole seconds, so UTC shows the same grid.
    try:
        text_to_ticks(texts, clock=clock, fmt=options.timestamp_format)
    except TimestampError as error:
        return error
    return None


def _family(files: Files, stamps: Stamps) -> Family:
    if stamps.clock == CLOCK_OF_FAMILY["astroskin_1000"]:
        return "astroskin_1000"
    family = _shown(files, stamps.fields)
    if family is None:
        raise ConfigurationError(
            f"{', '.join(files)}: names and content do not tell a Hexoskin from an "
            "Astroskin: give model='hexoskin' or model='astroskin_256'"
        )
    return family


def _shown(files: Files, stamped: int) -> Family | None:
    """Return the family of the 256-tick server that names and content show."""
    filled = {name for name, file in files.items() if file is not None}
    widths = set(_widths(files, stamped))
    if "astroskin" in widths or filled & (only_astroskin() | _EMPTY_ON_HEXOSKIN):
        return "astroskin_256"
    if "hexoskin" in widths or files.keys() & only_hexoskin():
        return "hexoskin"
    return "astroskin_256" if files.keys() & only_astroskin() else None


def _widths(files: Files, stamped: int) -> list[str]:
    """Say whose number of columns each file has, where the models differ in it."""
    hexoskin, astroskin = names_of("hexoskin"), names_of("astroskin_256")
    shown = []
    for name in files.keys() & hexoskin.keys() & astroskin.keys():
        file = files[name]
        few, many = len(hexoskin[name].rows), len(astroskin[name].rows)
        if file is not None and few != many:
            width = len(file.fields) - stamped
            shown.append("hexoskin" if width == few else "astroskin")
    return shown
