"""info.json and statistics.csv as literals, and what they say of a record."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.errors import FileFormatError, MissingFactsWarning
from hexoframe.formats.archive.container import Folder
from hexoframe.formats.archive.infofiles import (
    InfoFiles,
    Statistics,
    parse_info,
    parse_statistics,
    read_info_files,
    start_tick,
    stated_end,
)
from hexoframe.formats.options import ReadOptions

# -- info ------------------------------------------------------------------------------


def test_info_is_the_object_of_its_file():
    assert parse_info(b'{"start": 426906774784, "user": 5}', where="info.json") == {
        "start": 426906774784,
        "user": 5,
    }


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"[1, 2]", r"expected an object, found \[1, 2\]"),
        (b'"text"', 'expected an object, found "text"'),
        (b"null", "expected an object, found null"),
        (b"5", "expected an object, found 5"),
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


# -- other dialects --------------------------------------------------------------------


def semicolons(data):
    return data.replace(b",", b";").replace(b".", b",")


def upright(data):
    rows = [line.split(b",") for line in data.splitlines()]
    return b"".join(b",".join(cells) + b"\r\n" for cells in zip(*rows, strict=True))


@pytest.mark.parametrize(
    "change",
    [
        semicolons,
        lambda data: b"sep=;\r\n" + semicolons(data),
        lambda data: data.replace(b",", b"\t"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.replace(b"\r\n", b",,\r\n") + b",,,,,,,\r\n",
        lambda data: b"".join(
            b'"%d",%s' % (number, line) if number else b'"",' + line
            for number, line in enumerate(data.splitlines(keepends=True))
        ),
        lambda data: b"".join(np.delete(data.splitlines(keepends=True), 1)),
        upright,
    ],
)
def test_what_a_spreadsheet_makes_of_statistics_is_read(change):
    table = parse_statistics(change(NEW), where="statistics.csv").table
    assert table["uri"][0] == "/api/record/256696/"
    assert table["start"][0] == "426906774784"
    assert table["Act Avg"][0] == "0.2616"
    assert table["Steps"][0] == "2789"
    assert len(table) == 6


def test_annotations_are_read_from_rows_that_were_padded():
    data = b"".join(line + b",,,\r\n" for line in (NEW + NOTES).split(b"\r\n") if line)
    (note,) = parse_statistics(data.replace(b'"\n', b""), where="x").annotations
    assert note["time"] == 426906777876


@pytest.mark.parametrize(
    "data",
    [
        b"name,age,size\r\nAnn,4,5\r\nBob,5,6\r\n",
        b"a;b\r\nc;d\r\ne;f\r\n",
        b"a\r\nb\r\nc\r\n",
    ],
)
def test_another_table_is_refused_and_no_table_of_nonsense(data):
    with pytest.raises(FileFormatError, match="expected the column 'uri'"):
        parse_statistics(data, where="statistics.csv")


def test_a_rounded_time_of_an_annotation_is_refused():
    data = NEW + NOTES.replace(b"426906777876", b"4.26907E+11")
    with pytest.raises(FileFormatError, match="rounded"):
        parse_statistics(data, where="statistics.csv")


def written(folder, **files):
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
    return Folder(folder)


INFO = json.dumps(
    {"start": 426906774784, "request": "/api/data/?record=256696"}
).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "expected a row of names"),
        (b"<html>", "expected a row of names"),
        (b"name,age\n1,2\n3,4\n", "expected the column 'uri'"),
        (NEW.replace(b"256696", b"1"), "statistics.csv of record 1"),
        (
            NEW.replace(b"426906774784", b"427680297472"),
            "statistics.csv at 427680297472",
        ),
    ],
)
def test_statistics_that_cannot_be_used_are_left_out_with_a_warning(
    tmp_path, data, said
):
    box = written(tmp_path, info__json=INFO, statistics__csv=data)
    with pytest.warns(MissingFactsWarning, match=said):
        found = read_info_files(box)
    assert found.statistics is None
    assert found.record_id == 256696


def test_an_end_that_a_spreadsheet_rounded_is_not_used(tmp_path):
    data = NEW.replace(b"426907334112", b"4.26907E+11")
    box = written(tmp_path, info__json=INFO, statistics__csv=data)
    with pytest.warns(MissingFactsWarning, match=r"rounded end 4\.26907E\+11"):
        found = read_info_files(box)
    assert found.statistic("Steps") == "2789"
    assert found.statistic("end") == ""


@pytest.mark.parametrize("data", [b"", b"{'start': 5}", b"[1]", bytes(40)])
def test_info_that_cannot_be_read_is_left_out_if_statistics_tell_the_start(
    tmp_path, data
):
    box = written(tmp_path, info__json=data, statistics__csv=NEW)
    with pytest.warns(MissingFactsWarning, match=r"info\.json.*left out"):
        found = read_info_files(box)
    assert start_tick(found, ReadOptions()) == 426906774784
    (tmp_path / "statistics.csv").unlink()
    with pytest.raises(FileFormatError, match=r"info\.json"):
        read_info_files(box)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_info_with_a_byte_order_mark_is_simply_read(encoding):
    assert (
        parse_info(INFO.decode().encode(encoding), where="x")["start"] == 426906774784
    )


def test_a_start_that_does_not_fit_the_other_stamp_is_refused(tmp_path):
    whole = {"start": 382085877327, "timestamp": 1492522958.3085938}
    box = written(tmp_path, info__json=json.dumps(whole).encode())
    assert start_tick(read_info_files(box), ReadOptions()) == 382085877327
    rounded = json.dumps({**whole, "start": 3.82086e11})
    box = written(tmp_path, info__json=rounded.encode())
    with pytest.raises(FileFormatError, match=r"'start' is 382086000000.*start="):
        start_tick(read_info_files(box), ReadOptions())
    given = ReadOptions(start=382085877327)
    assert start_tick(read_info_files(box), given) == 382085877327


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"devices": "HX"}, 'devices: expected a list, found "HX"'),
        ({"devices": [1]}, r"devices\[0\]: expected a text, found 1"),
        ({"id": [7]}, r"id: expected a whole number or a text or null, found \[7\]"),
    ],
)
def test_info_of_other_types_is_refused_by_field_and_value(data, says):
    with pytest.raises(FileFormatError, match=rf"x/info\.json: {says}"):
        parse_info(json.dumps(data).encode(), where="x/info.json")


@pytest.mark.parametrize(
    "text", ['{"start": NaN}', '{"a": 1e999}', '{"a": "\\udc00"}', "9" * 5000]
)
def test_info_that_no_program_can_use_is_refused(text):
    with pytest.raises(FileFormatError, match="not JSON: "):
        parse_info(text.encode(), where="x/info.json")


def test_a_duration_with_a_huge_exponent_takes_no_time():
    table = {"duration": ("1e999999999", "s")}
    files = InfoFiles("x", {}, Statistics(table, []))
    with pytest.raises(FileFormatError, match="'duration': expected seconds"):
        stated_end(files, 426906774784, 256)


def test_a_long_row_of_digits_takes_no_time():
    head = b"uri,start,end\r\nna,na,na\r\n/api/record/7/,426906774784,426906775784\r\n"
    digits = b"1" * 100_000
    rows = b"uri,start,datatype,comment\r\n" + digits + b"x,426906774790,4096,hi\r\n"
    found = parse_statistics(head + rows, where="x")
    assert found.annotations[0]["id"] is None
