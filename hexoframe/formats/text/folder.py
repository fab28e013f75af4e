"""A folder of classic .txt files: device family, form of its stamps, start and end.

Names, content and info.txt decide; if they leave a doubt, an error names the argument
that settles it. Samples
are not read here.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, family_of
from hexoframe.errors import ConfigurationError, FileFormatError, TimestampError
from hexoframe.formats.text.lines import LineFile, Stamps
from hexoframe.formats.text.names import (
    names_of,
    only_astroskin,
    only_hexoskin,
    saved_by_script,
)
from hexoframe.timestamps import clock_of, index_to_ticks, text_to_ticks, tick_to_time

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from hexoframe.channels import Family
    from hexoframe.formats.options import ReadOptions
    from hexoframe.recording.facts import Facts
    from hexoframe.timestamps import Clock

__all__ = ["Files", "decide", "span_of"]

Files = Mapping[str, LineFile | None]
"""Files with samples by name, in lower case; None for an empty one."""

# On a Hexoskin the files of these exist, but are always empty.
_EMPTY_ON_HEXOSKIN = frozenset({"ptt"})
# Lines of a file that are tried on the ticks of a clock.
_TRIED = 2000


# -- device and stamps -----------------------------------------------------------------


def decide(
    files: Files, info: Mapping[str, Any], options: ReadOptions
) -> tuple[Family, Stamps]:
    """Return the device family and the form of the time stamps.

    The family comes from the caller, info.txt, or names and content.
    """
    form = _form(files)
    model = options.model
    if model is None and info.get("model") in FAMILIES:
        model = str(info["model"])
    if form == "string" and options.tz is None:
        raise ConfigurationError(
            f"{_first(files).path}: the time stamps are local text "
            f"({_first(files).head[0].decode(errors='replace')!r}), and nothing says "
            "the zone of that clock: give tz=, such as tz='America/Montreal' or "
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
    """Return the only clock that has a tick at every stamp; None if both have."""
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
    """Return the family of the 256-tick server, by names and content."""
    filled = {name for name, file in files.items() if file is not None}
    widths = set(_widths(files, stamped))
    if "astroskin" in widths or filled & (only_astroskin() | _EMPTY_ON_HEXOSKIN):
        return "astroskin_256"
    if "hexoskin" in widths or files.keys() & only_hexoskin():
        return "hexoskin"
    if files.keys() & only_astroskin():
        return "astroskin_256"
    # For an Astroskin the script saves SpO2 too, with samples or without.
    return "hexoskin" if saved_by_script(files) else None


def _widths(files: Files, stamped: int) -> list[str]:
    """Return the model by the number of columns, for files in which models differ."""
    hexoskin, astroskin = names_of("hexoskin"), names_of("astroskin_256")
    shown = []
    for name in files.keys() & hexoskin.keys() & astroskin.keys():
        file = files[name]
        few, many = len(hexoskin[name].rows), len(astroskin[name].rows)
        if file is not None and few != many:
            width = len(file.fields) - stamped
            shown.append("hexoskin" if width == few else "astroskin")
    return shown


# -- start and end ---------------------------------------------------------------------

# Zones are a quarter of an hour apart at least: less than half of that is not a zone.
_QUARTER_S = 900
_FARTHEST_MINUTES = 14 * 60


def span_of(
    path: Path, seen: tuple[int, int] | None, facts: Facts, stamps: Stamps
) -> tuple[int, int]:
    """Return the span of a record, by info.txt or else by the samples (`seen`).

    Text stamps that do not lie in the time of info.txt and of the activities, which
    have ticks, are a `ConfigurationError`: the zone is wrong.
    """
    said = _said(facts.info)
    if seen is not None and stamps.fmt is not None:
        _check_zone(path, seen, said, stamps)
        _check_activities(path, seen, facts.ranges, stamps)
    span = said or seen
    if span is None:
        raise FileFormatError(
            f"{path}: no sample in any file, and no info.txt that says `start` and "
            "`end`: nothing tells when this was"
        )
    return span


def _said(info: dict[str, Any]) -> tuple[int, int] | None:
    """Return the span by info.txt, if it has one."""
    start, end = (info.get(name) for name in ("start", "end"))
    if _is_tick(start) and _is_tick(end):
        return int(start), int(end)  # type: ignore[arg-type]
    return None


def _is_tick(value: Any) -> bool:
    return isinstance(value, int | float) and float(value).is_integer()


def _check_zone(
    path: Path, seen: tuple[int, int], said: tuple[int, int] | None, stamps: Stamps
) -> None:
    """Refuse samples that lie outside of the record by a zone."""
    if said is None or _lies_within(seen, said, stamps):
        return
    raise ConfigurationError(
        f"{path}: with tz={stamps.tz!r} the samples are from {_times(seen, stamps)}, "
        f"but info.txt says that the record is from {_times(said, stamps)}: "
        f"{_way_out(seen, said, stamps)}, or take info.txt away if it is of another "
        "recording"
    )


def _lies_within(seen: tuple[int, int], said: tuple[int, int], stamps: Stamps) -> bool:
    play = _QUARTER_S * stamps.clock // 2
    return seen[0] >= said[0] - play and seen[1] <= said[1] + play


def _way_out(seen: tuple[int, int], said: tuple[int, int], stamps: Stamps) -> str:
    """Name the offset of the zone that fits, if there is one."""
    quarter = _QUARTER_S * stamps.clock
    shift = round((seen[0] - said[0]) / quarter)
    moved = (seen[0] - shift * quarter, seen[1] - shift * quarter)
    begin = tick_to_time(seen[0], clock=stamps.clock).tz_convert(stamps.tz)
    local = begin.tz_localize(None) - begin.tz_convert(None)
    ahead = round(local.total_seconds() / 60) + shift * _QUARTER_S // 60
    if not _lies_within(moved, said, stamps) or abs(ahead) > _FARTHEST_MINUTES:
        return "give another tz="
    hours, minutes = divmod(abs(ahead), 60)
    sign = "-" if ahead < 0 else "+"
    return f"give the tz= of a clock at UTC{sign}{hours:02}:{minutes:02}, which fits"


def _check_activities(
    path: Path, seen: tuple[int, int], ranges: pd.DataFrame | None, stamps: Stamps
) -> None:
    """Refuse samples that lie outside of every activity."""
    known = None if ranges is None else ranges[["start", "end"]].dropna()
    if known is None or not len(known):
        return
    begins = index_to_ticks(known["start"], clock=stamps.clock)
    ends = index_to_ticks(known["end"], clock=stamps.clock)
    if ((begins <= seen[1]) & (ends >= seen[0])).any():
        return
    activities = (int(begins.min()), int(ends.max()))
    raise ConfigurationError(
        f"{path}: with tz={stamps.tz!r} the samples are from {_times(seen, stamps)}, "
        f"but the activities in annotations.txt from {_times(activities, stamps)}: "
        "give another tz=, or take annotations.txt away if it is of another recording"
    )


def _times(span: tuple[int, int], stamps: Stamps) -> str:
    first, last = (
        tick_to_time(tick, clock=stamps.clock).floor("s").isoformat() for tick in span
    )
    return f"{first} to {last}"
