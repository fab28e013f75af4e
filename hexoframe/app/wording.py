"""Rewrites Python hints in messages as command-line options.

An error says what to do in Python; at the command line the same hint names an option or
a command, and in the menu an item. Ticks become times, and what Python writes around a
text (``b'...'``, ``[Errno 13]``) goes. The messages themselves are written where they
are raised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hexoframe.errors import TimestampError, harmless

__all__ = ["COMMAND_LINE", "MENU", "UNCHANGED", "reworded", "told"]

UNCHANGED = "already there, unchanged"
"""Said of a file or folder where nothing had to be written."""

COMMAND_LINE: Mapping[str, str] = {
    "login()": "'hexoframe login'",
    "list_records()": "'hexoframe records'",
    "connect().list_ranges()": "'hexoframe ranges'",
    "open_records()": "'hexoframe convert'",
    "cache.info()": "'hexoframe cache info'",
    "cache.clear()": "'hexoframe cache clear'",
    "channel_table()": "'hexoframe channels'",
    "open_study()": "'hexoframe study'",
    "sync()": "'hexoframe study sync'",
    "map()": "'hexoframe study map'",
    "table()": "'hexoframe study table'",
    "verify()": "'hexoframe study verify'",
    "between()": "--start and --end",
    "client_id=": "HEXOFRAME_CLIENT_ID",
    "client_secret=": "HEXOFRAME_CLIENT_SECRET",
    "age=": "--age",
    "allow_partial=": "--allow-partial",
    "by=": "--by",
    "channels=": "--channels",
    "end=": "--end",
    "every=": "--every",
    "file=": "--out",
    "gaps=": "--gaps",
    "height=": "--height",
    "keep=": "--keep",
    "in_bed=": "--in-bed",
    "late=": "--late",
    "min_share=": "--min-share",
    "model=": "--model",
    "offline=": "--offline",
    "overwrite=": "--overwrite",
    "patience=": "--patience",
    "pseudonym=": "--pseudonym",
    "refresh=": "--refresh",
    "rest_hr=": "--rest-hr",
    "scope='readwrite'": "HEXOFRAME_SCOPE=readwrite",
    "sex=": "--sex",
    "shift_weeks=": "--shift-weeks",
    "start=": "--start",
    # Those for reading; those for writing are checked before anything is loaded.
    "timestamp_format=": "--source-format",
    "to=": "--to",
    "tz=": "--source-tz",
    "units='raw'": "--units raw ('hexoframe convert' and 'download')",
    "vo2max=": "--vo2max",
    "weight=": "--weight",
}
"""Option or command for each call and argument; some arguments with a value."""

MENU: Mapping[str, str] = {
    "login()": "user name and password",
    "list_records()": "'List records'",
    "channel_table()": "'hexoframe channels'",
    "between()": "'hexoframe download --start --end'",
    "allow_partial=": "'hexoframe download --allow-partial'",
    "model=": "'Model'",
    "overwrite=": "'Replace files'",
    "refresh=": "'hexoframe download --refresh'",
    "weight=": "'hexoframe summary --weight'",
    "to=": "'Folder'",
}
"""Menu item for each, or the command that has it."""

_CALL = re.compile(r"\b(?:hexoframe\.)?([\w.]+(?:\(\)\.\w+)?)\([^()]*\)")
_ARGUMENT = re.compile(r"\b(\w+=)(True\b|'\w*'|(?=[-\w'\"]))?")
_ERRNO = re.compile(r"\[Errno -?\d+\] ")
_BYTES = re.compile(r"(?<![\w'\"])b(?='[^']*'|\"[^\"]*\")")
_TICKS = re.compile(r"\bticks? (\d{12,13})(?:( to | and )(\d{12,13}))?\b")


def told(error: Exception, words: Mapping[str, str] | None = None) -> str:
    """Return what an error says, as `reworded` does; an OSError without its number.

    Examples
    --------
    >>> told(PermissionError(13, "Permission denied", "out/1.txt"))
    'out/1.txt: permission denied'
    """
    text = str(error)
    if isinstance(error, OSError) and error.strerror and text.startswith("[Errno"):
        where = "" if error.filename is None else f"{error.filename}: "
        text = f"{where}{error.strerror[:1].lower()}{error.strerror[1:]}"
    text = harmless(text or type(error).__name__, lines=True)
    return reworded(text, words or COMMAND_LINE)


def reworded(text: str, words: Mapping[str, str] = COMMAND_LINE) -> str:
    """Return a message with its Python hints replaced, in one line.

    Examples
    --------
    >>> reworded("it exists: say overwrite=True, or leave model= out")
    'it exists: say --overwrite, or leave --model out'
    >>> reworded("call hexoframe.login(), or give tz='America/Montreal'")
    "call 'hexoframe login', or give --source-tz 'America/Montreal'"
    >>> reworded("weight=-5.0: give a number of kg")
    '--weight -5.0: give a number of kg'
    >>> reworded("it ends at tick 437610700800, found b'RIFF'")
    "it ends at 2024-03-02 22:00:00 UTC, found 'RIFF'"
    """

    def call(found: re.Match[str]) -> str:
        return words.get(f"{found[1]}()", found[0])

    def argument(found: re.Match[str]) -> str:
        known = words.get(found[1])
        if known is None:
            return words.get(found[0], found[0])
        if found[2] in {None, "True"}:
            return known
        # A value right after it is the value of the option.
        return f"{known} {found[2]}"

    line = _ERRNO.sub("", _BYTES.sub("", " ".join(text.split())))
    return _TICKS.sub(_times, _ARGUMENT.sub(argument, _CALL.sub(call, line)))


def _times(found: re.Match[str]) -> str:
    """Return the times of one tick or two, where they are such."""
    from hexoframe.timestamps import clock_of, tick_to_time  # noqa: PLC0415  # numpy

    try:
        times = [
            tick_to_time(tick, clock=clock_of(tick)).floor("s")
            for tick in map(int, filter(None, (found[1], found[3])))
        ]
    except TimestampError:
        return found[0]
    return (found[2] or "").join(f"{time:%Y-%m-%d %H:%M:%S} UTC" for time in times)
