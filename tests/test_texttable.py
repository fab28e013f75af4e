"""Rows in columns, as wide as there is room."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hexoframe.texttable import fit_columns, set_columns, stack_columns

ROWS = [
    {"id": "7", "name": "one", "note": "a longer note"},
    {"id": "1234", "name": "other", "note": "b"},
]


def test_columns_are_as_wide_as_their_widest_cell():
    assert set_columns(ROWS, right=["id"]) == [
        "  id  name   note",
        "   7  one    a longer note",
        "1234  other  b",
    ]


@pytest.mark.parametrize("width", [None, 26, 200])
def test_what_fits_is_not_changed(width):
    assert fit_columns(ROWS, width, right=["id"]) == set_columns(ROWS, right=["id"])


def test_the_last_columns_are_left_out_and_named():
    assert fit_columns(ROWS, 24) == [
        "id    name",
        "7     one",
        "1234  other",
        "(no room for note)",
    ]


@pytest.mark.parametrize("width", range(8, 30))
def test_no_line_is_wider_than_there_is_room(width):
    rows = [{"path": "x" * 60, **row} for row in ROWS]
    assert all(len(line) <= width for line in fit_columns(rows, width))
    assert fit_columns(rows, width)[1] == "x" * (width - 3) + "..."


@pytest.mark.parametrize("width", [None, 10])
def test_no_rows_are_no_lines(width):
    assert fit_columns([], width) == []


def test_what_was_left_out_is_told_with_the_way_to_it():
    lines = fit_columns(ROWS, 24, hint="--all shows it")
    assert lines[-2:] == ["(no room for note: --all", "shows it)"]


def test_columns_that_do_not_fit_are_tables_of_their_own():
    assert stack_columns(ROWS, 21, right=["id"]) == [
        "  id  name",
        "   7  one",
        "1234  other",
        "",
        "  id  note",
        "   7  a longer note",
        "1234  b",
    ]
    for width in (None, 200):
        assert stack_columns(ROWS, width) == set_columns(ROWS)
    assert stack_columns([{"id": "7"}], 8) == ["id", "7"]
    assert stack_columns([], 8) == []


@pytest.mark.parametrize("width", range(10, 30))
def test_tables_below_each_other_have_every_column_once(width):
    lines = stack_columns(ROWS, width)
    assert all(len(line) <= width for line in lines)
    heads = [line.split() for line in lines if line.startswith("id")]
    assert [head[0] for head in heads] == ["id"] * len(heads)
    assert [name for head in heads for name in head[1:]] == ["name", "note"]


@pytest.mark.parametrize("how", ["None", "open(os.devnull, 'w')", "closed()"])
def test_a_service_without_streams_loads_and_shows(samples, how):
    code = f"""
import os, sys, hexoframe
from hexoframe.api.load.progress import is_visible
from hexoframe.app.cli.lists import width

def closed():
    stream = open(os.devnull, "w")
    stream.close()
    return stream

record = hexoframe.open_record({str(samples / "hexoskin_10min.zip")!r})
sys.stdout = sys.stderr = {how}
try:
    repr(record), hexoframe.cache.info(), hexoframe.channel_table("hexoskin")
    told = is_visible(), width()
except BaseException:
    os._exit(3)
os._exit(0 if told == (False, None) else 4)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == 0


def test_cells_show_control_characters_and_do_not_obey_them():
    rows = [{"id": "7", "name": "a\x1b[2Jb\nc\x9b"}]
    assert set_columns(rows) == ["id  name", r"7   a\x1b[2Jb\nc\x9b"]
    assert fit_columns(rows, 80)[1] == r"7   a\x1b[2Jb\nc\x9b"
