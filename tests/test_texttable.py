"""Rows in columns, as wide as there is room."""

from __future__ import annotations

import pytest

from hexoframe.texttable import fit_columns, set_columns

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
