"""Python hints in messages become options, commands and items of the menu."""

from __future__ import annotations

import pytest

from hexoframe.app.wording import COMMAND_LINE, MENU, reworded, told
from hexoframe.errors import CacheError, ConfigurationError


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("say overwrite=True to replace it", "say --overwrite to replace it"),
        ("leave model= out, or name", "leave --model out, or name"),
        ("or is tz= another one?", "or is --source-tz another one?"),
        ("without offline=True; hexoframe.cache.info() lists",
         "without --offline; 'hexoframe cache info' lists"),
        ("OAuth2 client (client_id=, client_secret=), or",
         "OAuth2 client (HEXOFRAME_CLIENT_ID, HEXOFRAME_CLIENT_SECRET), or"),
        ("list_records(user=...) shows", "'hexoframe records' shows"),
        ("connect().list_ranges() shows", "'hexoframe ranges' shows"),
        ("model='x': give", "--model 'x': give"),
        ("load counts with units='raw'; then",
         "load counts with --units raw ('hexoframe convert' and 'download'); then"),
        ("two\nlines", "two lines"),
        ("from tick 437610700800 on", "from 2024-03-02 22:00:00 UTC on"),
        ("ticks 437610700800 to 437611008000",
         "2024-03-02 22:00:00 UTC to 2024-03-02 22:20:00 UTC"),
        ("at tick 1709416800000, or so", "at 2024-03-02 22:00:00 UTC, or so"),
        ("found b'RIFF' and b\"it's\"", "found 'RIFF' and \"it's\""),
        ("not read ([Errno 13] Permission denied: 'x')",
         "not read (Permission denied: 'x')"),
    ],
)  # fmt: skip
def test_calls_and_arguments_become_commands_and_options(text, told):
    assert reworded(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "units='mV' was given",
        "pace='slow' was given",
        "a = b",
        "see f(x)",
        "https://x/?a=b",
        "every 256 ticks, not every 1280 ticks",
        "tick 999999999999 is none",
        "the web's own 'b' and verb'x",
    ],
)
def test_what_has_no_option_stays_as_it_is(text):
    assert reworded(text) == text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "out/x"), "out/x: permission denied"),
        (OSError(28, "No space left on device"), "no space left on device"),
        (CacheError("the cache is full"), "the cache is full"),
        (ConfigurationError("say model="), "say --model"),
        (OSError("bad"), "bad"),
        (OSError(), "OSError"),
    ],
    ids=repr,
)
def test_an_error_of_the_system_is_told_without_its_number(error, said):
    assert told(error) == said


def test_the_menu_names_its_own_items():
    assert reworded("list_records() shows them", MENU) == "'List records' shows them"
    assert reworded("say overwrite=True", MENU) == "say 'Replace files'"


def test_the_options_and_commands_that_are_named_exist():
    import click

    from hexoframe.app.cli import _hexoframe

    with click.Context(_hexoframe) as context:
        commands = dict(_hexoframe.commands)
        commands |= {
            f"{group} {name}": each
            for group in ("cache", "study")
            for name, each in commands[group].commands.items()
        }
        options = {
            option
            for each in commands.values()
            for parameter in each.get_params(context)
            for option in parameter.opts
        }
    for named in (*COMMAND_LINE.values(), *MENU.values()):
        for word in named.strip("'").split():
            assert not word.startswith("--") or word in options
        if named.startswith("'hexoframe"):
            command = named.strip("'").removeprefix("hexoframe ").partition(" --")[0]
            assert command in commands
