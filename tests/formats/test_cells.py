"""Cells of a CSV: the line that is to blame is named, whatever the content."""

import io
import sys

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.errors import FileFormatError
from hexoframe.formats.cells import first_bad, line_number, read_cells, stream_cells
from hexoframe.formats.dialect import Dialect


@given(
    bad=st.integers(0, 199),
    blanks=st.lists(st.integers(0, 199), max_size=5),
    kind=st.sampled_from(["x", "cells", "cell"]),
)
def test_the_first_broken_line_is_named(bad, blanks, kind):
    lines = [f"{n},{n / 8}" for n in range(200)]
    wrong = {"x": "1,x", "cells": "1,2,3", "cell": "1"}[kind]
    lines[bad] = wrong
    lines[150] = "1,y"
    for blank in sorted(blanks, reverse=True):
        lines.insert(blank, "")
    text = "a,b\n" + "\n".join(lines) + "\n"
    row = next(n for n, line in enumerate(lines) if line in (wrong, "1,y"))
    types = {"a": pa.float64(), "b": pa.float64()}
    with pytest.raises(FileFormatError, match=rf"mine, line {row + 2}\D"):
        read_cells(text.encode(), types, skip=1, where="mine")
    with pytest.raises(FileFormatError, match=rf"mine, line {row + 2}\D"):
        list(stream_cells(text.encode(), types, skip=1, where="mine"))


@pytest.mark.skipif(sys.platform != "linux", reason="names there are text")
def test_a_file_whose_name_is_no_text_is_read(tmp_path):
    path = tmp_path / "a\udcff.csv"
    path.write_text("x\n1\n2\n")
    types = {"x": pa.float64()}
    assert read_cells(path, types, skip=1)["x"].to_pylist() == [1, 2]
    (block,) = stream_cells(path, types, skip=1)
    assert block["x"].to_pylist() == [1, 2]


@given(count=st.integers(1, 500), data=st.data())
def test_halving_finds_the_first_bad_row(count, data):
    bad = data.draw(st.integers(0, count - 1))
    asked = []

    def good(rows):
        asked.append(rows)
        return rows <= bad

    assert first_bad(count, good) == bad
    assert len(asked) <= 10


@pytest.mark.parametrize(
    "content", [b"1,2\n" + b"x" * 3_000_000, b'"1\n2,3\n', b"1,2\r3,x\r", b"\r\r1\r"]
)
def test_content_of_any_form_is_refused_as_a_format(content):
    types = {"a": pa.float64(), "b": pa.float64()}
    with pytest.raises(FileFormatError, match="mine"):
        read_cells(content, types, skip=0, where="mine")


def test_a_stream_of_cells_is_the_whole_in_blocks(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "".join(f"{n},{n / 8}\n" for n in range(300_000)))
    types = {"a": pa.int64(), "b": pa.float64()}
    blocks = list(stream_cells(path, types, skip=1))
    assert len(blocks) > 1
    assert all(map(len, blocks))
    assert pa.concat_tables(blocks).equals(read_cells(path, types, skip=1))
    path.write_text("a,b\n")
    assert list(stream_cells(path, types, skip=1)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1;2,5\n1;2.5\n", r"line 2, b: found '2\.5'.*not the ',' of the file"),
        ("1;2,5\n1;1 234,5\n", "line 2, b: found '1 234,5'.*between thousands"),
        ("1;2,5\n1;3. Mai\n", "line 2, b: .*made a date of it"),
        ("1;2,5\n1;x\n", "line 2, b: found 'x', expected a number$"),
        ("1;2,5\n1;2;3\n", "line 2: found 3 cells .*expected 2$"),
    ],
)
def test_a_broken_line_is_named_in_another_dialect_too(text, message):
    types = {"a": pa.float64(), "b": pa.float64()}
    dialect = Dialect(delimiter=";", decimal=",")
    with pytest.raises(FileFormatError, match=message):
        read_cells(text.encode(), types, skip=0, where="mine", dialect=dialect)
    whole = read_cells(b"1;2,5\n", types, skip=0, dialect=dialect)
    assert whole.to_pydict() == {"a": [1.0], "b": [2.5]}


def test_a_comma_too_many_may_be_a_decimal_comma():
    types = {"a": pa.float64(), "b": pa.float64()}
    with pytest.raises(FileFormatError, match=r"found 3 cells .*cannot be told apart"):
        read_cells(b"1,2,5\n", types, skip=0, where="mine")


def test_line_numbers_count_blank_lines():
    text = b"heading\n\n1,2\n\r\n3,4\n"
    assert line_number(text, 0, skip=1) == 3
    assert line_number(text, 1, skip=1) == 5
    with io.BytesIO(text) as stream:
        assert stream.readlines()[4] == b"3,4\n"
