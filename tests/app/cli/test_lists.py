"""Lists at a terminal: as wide and as long as that is."""

from __future__ import annotations

import re

import pytest

import hexoframe

pytestmark = pytest.mark.usefixtures("service")


def test_a_narrow_terminal_gets_the_columns_that_fit(terminal):
    child = terminal("records", columns=40)
    text = child.read()
    child.close()
    assert child.exitstatus == 0
    lines = text.splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert lines[-2:] == ["(no room for user, device: see", "--all-columns)"]
    assert re.search(
        r"^41  2024-03-02 22:00  00:01:00  complete\s*$", text, re.MULTILINE
    )


def test_a_narrow_terminal_gets_the_whole_of_a_record_in_its_lines(terminal, samples):
    path = samples / "hexoskin_10min.zip"
    child = terminal("show", path, "--channels", "heart_rate", columns=40)
    text = child.read()
    child.close()
    assert child.exitstatus == 0
    lines = text.splitlines()
    assert all(len(line) <= 40 for line in lines)
    told = " ".join(text.split())
    assert "2024-03-01 22:00:00 to 2024-03-01 22:09:59.875 UTC, 00:09:59.875" in told


def test_no_list_needs_a_key_to_end(terminal, tmp_path):
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho paged\ncat\n")
    pager.chmod(0o700)
    child = terminal("channels", "hexoskin", PAGER=str(pager))
    text = child.read()
    assert text.startswith("channel ")
    assert len(text.splitlines()) > 40


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["records"], "id start (UTC) duration status"),
        (["show", "41"], "channel coverage gaps flagged implausible not worn"),
        # Of the others, which are made the same way, when there is time.
        *(
            pytest.param(arguments, first, marks=pytest.mark.slow)
            for arguments, first in (
                (["ranges"], "id name start (UTC) duration user"),
                (["channels"], "channel verified unit rate id"),
                (["estimate", "41", "42"], "record requests size time"),
                (["cache"], "record size state channels part server"),
            )
        ),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_a_terminal_of_80_columns_shows_what_a_list_is_for(terminal, arguments, first):
    child = terminal("download", "41", "--quiet", "--to", "out")
    child.read()
    lines = terminal(*arguments).read().splitlines()
    assert all(len(line) <= 80 for line in lines)
    heads = [" ".join(line.split()) for line in lines]
    assert any(head.startswith(first) for head in heads)


@pytest.mark.parametrize("columns", [40, 80])
def test_all_columns_are_tables_below_each_other(terminal, columns):
    child = terminal("channels", "hexoskin", "--all-columns", columns=columns)
    lines = child.read().splitlines()
    assert all(len(line) <= columns for line in lines)
    heads = [line.split() for line in lines if line.startswith("channel ")]
    table = hexoframe.channel_table("hexoskin")
    names = ["channel", *(name for head in heads for name in head[1:])]
    # The longest name has no room at 40.
    assert [name.removesuffix("...") for name in names] == [
        name[: len(told.removesuffix("..."))]
        for name, told in zip(table, names, strict=True)
    ]
