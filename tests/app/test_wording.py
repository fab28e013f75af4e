"""API hints in messages become options, commands and items of the menu."""

from __future__ import annotations

import pytest

from hexoframe.app.wording import COMMAND_LINE, MENU, reworded


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
    ],
)  # fmt: skip
def test_calls_and_arguments_become_commands_and_options(text, told):
    assert reworded(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "units='mV' was given",
        "gaps='raise' was given",
        "a = b",
        "see f(x)",
        "https://x/?a=b",
    ],
)
def test_what_has_no_option_stays_as_it_is(text):
    assert reworded(text) == text


def test_the_menu_names_its_own_items():
    assert reworded("list_records() shows them", MENU) == "'List records' shows them"
    assert reworded("say overwrite=True", MENU) == "say 'Replace files'"


def test_the_options_and_commands_that_are_named_exist():
    import click

    from hexoframe.app.cli import _hexoframe

    with click.Context(_hexoframe) as context:
        commands = dict(_hexoframe.commands)
        commands |= {
            f"cache {name}": each for name, each in commands["cache"].commands.items()
        }
        options = {
            option
            for each in commands.values()
            for parameter in each.get_params(context)
            for option in parameter.opts
        }
    for told in (*COMMAND_LINE.values(), *MENU.values()):
        for word in told.strip("'").split():
            assert not word.startswith("--") or word in options
        if told.startswith("'hexoframe"):
            named = told.strip("'").removeprefix("hexoframe ").partition(" --")[0]
            assert named in commands
