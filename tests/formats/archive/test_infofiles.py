"""info.json and statistics.csv as literals, and what they say of a record."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.errors import FileFormatError
from hexoframe.formats.archive.infofiles import parse_info, parse_statistics

# -- info ------------------------------------------------------------------------------


def test_info_is_the_object_of_its_file():
    assert parse_info(b'{"start": 426906774784, "user": 5}', where="info.json") == {
        "start": 426906774784,
        "user": 5,
    }


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"[1, 2]", "list"),
        (b'"text"', "str"),
        (b"null", "NoneType"),
        (b"5", "int"),
        (b"", "not JSON"),
        (b'{"start": 4269', "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b"[" * 200_000, "not JSON"),
    ],
)
def test_info_that_is_no_object_is_refused_with_what_was_found(data, found):
    with pytest.raises(FileFormatError, match=rf"x/info\.json.*{found}"):
        parse_info(data, where="x/info.json")


# -- statistics ------------------------------------------------------------------------

OLD = (
    b"uri,start_date,duration,activity_avg,step_count\r\n"
    b",,s,g,Step\r\n"
    b"/api/record/122445/,2017-04-18 13:42:38.308594,129.0,0.22265625,\r\n"
)
NEW = (
    b"uri,start_date,start,end,Act Avg,Steps\r\n"
    b"na,na,na,na,g,rep\r\n"
    b"/api/record/256696/,2022-11-04 23:29:49,426906774784,426907334112,0.2616,2789\r\n"
)
NOTES = (
    b'"\r\n-----List of annotations"\r\n'
    b"uri,start_date,start,datatype,comment\r\n"
    b"/api/annotation/112046/,2022-11-04 23:30:01.078125,426906777876,215,b''\r\n"
)


def test_statistics_of_2017_have_a_duration_and_no_start():
    found = parse_statistics(OLD, where="statistics.csv")
    assert found.table["duration"] == ("129.0", "s")
    assert found.table["activity_avg"] == ("0.22265625", "g")
    assert found.table["step_count"] == ("", "Step")
    assert "start" not in found.table
    assert found.annotations == []


def test_statistics_of_2021_have_start_and_end_and_na_means_no_unit():
    found = parse_statistics(NEW, where="statistics.csv")
    assert found.table["start"] == ("426906774784", "")
    assert found.table["end"] == ("426907334112", "")
    assert found.table["Act Avg"] == ("0.2616", "g")
    assert found.table["Steps"] == ("2789", "rep")


def test_the_second_table_of_statistics_holds_the_annotations():
    found = parse_statistics(NEW + NOTES, where="statistics.csv")
    assert found.annotations == [
        {"id": 112046, "time": 426906777876, "datatype": 215, "comment": ""}
    ]


def note(comment):
    return f"/api/annotation/7/,2022-11-04,426906777876,4098,{comment}\r\n".encode()


@pytest.mark.parametrize(
    ("printed", "comment"),
    [
        ("b'run'", "run"),
        ('"b""it\'s"""', "it's"),
        (r"b'caf\xc3\xa9'", "café"),
        (r"b'a\nb'", "a\nb"),
        ("b''", ""),
        ("plain", "plain"),
        ("", ""),
        ("\"b'one, two'\"", "one, two"),
        ("b'it's'", "b'it's'"),
        ("b'é'", "b'é'"),
        ("\"b'x', 'y'\"", "b'x', 'y'"),
        ("b'x' and 'y'", "b'x' and 'y'"),
    ],
)
def test_comments_are_printed_as_bytes_and_come_back_as_text(printed, comment):
    found = parse_statistics(NEW + NOTES + note(printed), where="statistics.csv")
    assert found.annotations[1]["comment"] == comment


@given(comment=st.text(st.characters(codec="utf-8"), max_size=20))
def test_any_comment_comes_back(comment):
    printed = repr(comment.encode()).replace('"', '""')
    found = parse_statistics(NEW + NOTES + note(f'"{printed}"'), where="x")
    assert found.annotations[1]["comment"] == comment


@pytest.mark.parametrize(
    "row",
    [
        b"/api/annotation/7/,2022,now,215,b''",
        b"/api/annotation/7/,2022,426906777876,button,b''",
        b"/api/annotation/7/,2022,426906777876.5,215,b''",
        b"/api/annotation/7/,2022,nan,215,b''",
        b"/api/annotation/7/,2022,inf,215,b''",
        b"/api/annotation/7/,2022,426906777876",
    ],
)
def test_a_broken_annotation_is_refused_with_its_cells(row):
    with pytest.raises(FileFormatError, match=r"statistics\.csv.*annotation"):
        parse_statistics(NEW + NOTES + row + b"\r\n", where="statistics.csv")


@pytest.mark.parametrize(
    "data", [b"", b"a,b\r\n", b"a,b\r\n,\r\n", b"a,b\r\n,\r\n1\r\n", b"\x00\x01"]
)
def test_statistics_without_a_row_of_values_are_refused(data):
    with pytest.raises(FileFormatError, match=r"statistics\.csv.*expected a row"):
        parse_statistics(data, where="statistics.csv")


@given(data=st.binary(max_size=200), after=st.binary(max_size=100))
def test_any_bytes_as_facts_are_read_or_refused(data, after):
    for text in (data, NEW + data, NEW + NOTES + data + after):
        with contextlib.suppress(FileFormatError):
            parse_statistics(text, where="statistics.csv")
    with contextlib.suppress(FileFormatError):
        assert isinstance(parse_info(data, where="info.json"), dict)


def test_info_keeps_what_json_keeps():
    info = {"devices": ["HXSKIN1200008564"], "algo": {"id": 3, "n": [1.5, None, True]}}
    assert parse_info(json.dumps(info).encode(), where="info.json") == info
