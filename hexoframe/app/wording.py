"""Words of command line and menu: API hints in messages rewritten as options.

An error says what to do in Python; at the command line the same hint names an option or
a command, and in the menu an item. The messages themselves are written where they are
raised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["COMMAND_LINE", "MENU", "UNCHANGED", "reworded"]

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
    "between()": "--start and --end",
    "client_id=": "HEXOFRAME_CLIENT_ID",
    "client_secret=": "HEXOFRAME_CLIENT_SECRET",
    "allow_partial=": "--allow-partial",
    "channels=": "--channels",
    "file=": "--out",
    "model=": "--model",
    "offline=": "--offline",
    "overwrite=": "--overwrite",
    "refresh=": "--refresh",
    # Those for reading; those for writing are checked before anything is loaded.
    "timestamp_format=": "--source-format",
    "tz=": "--source-tz",
    "units='raw'": "--units raw ('hexoframe convert' and 'download')",
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
}
"""Menu item for each, or the command that has it."""

_CALL = re.compile(r"\b(?:hexoframe\.)?([\w.]+(?:\(\)\.\w+)?)\([^()]*\)")
_ARGUMENT = re.compile(r"\b(\w+=)(True\b|'\w*'|(?=[\w'\"]))?")


def reworded(text: str, words: Mapping[str, str] = COMMAND_LINE) -> str:
    """Return a message with its API hints replaced, in one line.

    Examples
    --------
    >>> reworded("it exists: say overwrite=True, or leave model= out")
    'it exists: say --overwrite, or leave --model out'
    >>> reworded("call hexoframe.login(), or give tz='America/Montreal'")
    "call 'hexoframe login', or give --source-tz 'America/Montreal'"
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

    return _ARGUMENT.sub(argument, _CALL.sub(call, " ".join(text.split())))
