"""The dialect of a CSV, found in text that other programs write."""

import io
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.formats.dialect import find_dialect, last_lines, split_cells


def found(text, encoding="utf-8"):
    data = text if isinstance(text, bytes) else text.encode(encoding)
    return find_dialect(partial(io.BytesIO, data), lambda cells: cells[:1] == ["t"])


@pytest.mark.parametrize(
    ("text", "delimiter", "decimal", "header", "first"),
    [
        ("t,a\n1,2\n", ",", ".", 0, ["1", "2"]),
        ("t;a\n1;2\n", ";", ".", 0, ["1", "2"]),
        ("t;a\n1;2\n3;4,5\n", ";", ",", 0, ["1", "2"]),
        ("t;a\n1;2.5\n3;4,5\n", ";", ".", 0, ["1", "2.5"]),
        ("t\ta\r\n1\t2,5\r\n", "\t", ",", 0, ["1", "2,5"]),
        ("sep=;\n\nt;a\n\n1;2", ";", ".", 2, ["1", "2"]),
        ('"sep=^",,\nt^a\n1^2', "^", ".", 1, ["1", "2"]),
        ("\ufeffsep=,\rt,a\r1,2\r", ",", ".", 1, ["1", "2"]),
        ('"t" "a"\n"1" 2,5\n', " ", ",", 0, ["1", "2,5"]),
        ("t,a\n", ",", ".", 0, []),
    ],
)
def test_delimiter_decimal_sign_and_headings_are_found(
    text, delimiter, decimal, header, first
):
    dialect, cells, row = found(text)
    assert (dialect.delimiter, dialect.decimal) == (delimiter, decimal)
    assert (dialect.header, dialect.encoding) == (header, "utf-8")
    assert cells == ["t", "a"]
    assert row == first


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_found_with_and_without_its_mark(encoding):
    dialect, cells, _ = found("t,a\n1,2\n", encoding)
    assert dialect.encoding == encoding
    assert cells == ["t", "a"]


@given(st.binary(max_size=300))
def test_any_other_bytes_have_no_dialect_or_a_consistent_one(data):
    answer = found(data)
    if answer is not None:
        assert answer[0].delimiter != answer[0].decimal
        assert answer[1][0] == "t"


def test_the_last_line_is_told_only_without_its_end(tmp_path):
    path = tmp_path / "x"
    for data, lines in {
        b"": ("", ""),
        b"a\nb\n": ("", ""),
        b"a\r\nb": ("a", "b"),
        b"a\rb": ("a", "b"),
        b"b": ("", "b"),
    }.items():
        path.write_bytes(data)
        assert last_lines(path) == last_lines(data) == lines


def test_cells_are_split_with_their_quotes_undone():
    assert split_cells('"a, b", c ,""', ",") == ["a, b", "c", ""]
    assert split_cells("", ",") == []
