"""Messages of the package in the words of who reads them.

An error says what to do about it in Python; whoever typed a command is told the option
or the command that does the same, and whoever sits at the menu its item.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["COMMAND_LINE", "MENU", "spoken"]

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
    # Those of what is read: those of what is written are checked beforehand.
    "timestamp_format=": "--source-format",
    "tz=": "--source-tz",
    "units='raw'": "--units raw ('hexoframe convert' and 'download')",
}
"""What calls and arguments, some with a value, are on the command line."""

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
"""What they are in the menu, or where else."""

_CALL = re.compile(r"\b(?:hexoframe\.)?([\w.]+(?:\(\)\.\w+)?)\([^()]*\)")
_ARGUMENT = re.compile(r"\b(\w+=)(True\b|'\w*'|(?=[\w'\"]))?")


def spoken(text: str, words: Mapping[str, str] = COMMAND_LINE) -> str:
    """Return a message in the words of its reader, in one line.

    Parameters
    ----------
    text : str
        The message.
    words : mapping of str to str
        `COMMAND_LINE` or `MENU`.

    Examples
    --------
    >>> spoken("it exists: say overwrite=True, or leave model= out")
    'it exists: say --overwrite, or leave --model out'
    >>> spoken("call hexoframe.login(), or give tz='America/Montreal'")
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
        # A value that follows at once is that of the option.
        return f"{known} {found[2]}"

    return _ARGUMENT.sub(argument, _CALL.sub(call, " ".join(text.split())))
