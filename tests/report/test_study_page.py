from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata
from hexoframe.report.study_page import write_study_page
from tests.report.conftest import EVIL

pytest.importorskip("jinja2", reason="pages need hexoframe[report]")


@pytest.fixture
def table():
    start = pd.DatetimeIndex(["2024-03-01T22:00Z", pd.NaT], name="start")
    frame = pd.DataFrame(
        {
            "subject": pd.array(["s1", pd.NA], dtype="string"),
            "start": start.tz_convert("Europe/Berlin"),
            "duration": pd.to_timedelta(["8h", "30min"]),
            "heart_rate_mean": [61.26, np.nan],
            "good_share": [0.9999, 0.5],
            "steps": pd.array([12345, pd.NA], dtype="Int64"),
            "asleep": [True, False],
            "note": ["", EVIL],
        },
        index=pd.Index([12, 41], name="record"),
    )
    units = {"heart_rate_mean": "bpm"}
    frame.attrs[metadata.KEY] = metadata.result_block(units, record_id=None)
    return frame


def line(values, step="1min"):
    index = pd.date_range("2024-03-01", periods=len(values), freq=step, tz="UTC")
    return pd.Series(np.asarray(values, float), index=index)


def page(table, tmp_path, parsed, **more):
    return parsed(
        write_study_page(table, tmp_path / "s.html", **more).read_text("utf-8")
    )


def test_each_record_has_a_row_with_units_and_reader_friendly_values(
    table, tmp_path, parsed
):
    found = page(table, tmp_path, parsed, title=f"Nights {EVIL}")
    assert "2 records of 1 subject, 8 h 30 min in all." in found.text
    assert "Heart rate mean bpm" in found.text
    assert "Start Europe/Berlin" in found.text
    assert "12 s1 2024-03-01 23:00:00 8 h 61.3 99.9 % 12 345 yes" in found.text.replace(
        "\u2013", "-"
    )
    assert "41 - - 30 min - 50.0 % - no" in found.text.replace("\u2013", "-")
    assert EVIL in found.text
    assert not found.all("script")
    assert not found.all("img")


def test_links_lead_to_files_beside_the_page(table, tmp_path, parsed):
    links = {12: "reports/record 12.html".replace(" ", "_"), 41: "record_41.html#ecg"}
    found = page(table, tmp_path, parsed, links=links)
    asked = [each["href"] for each in found.all("a")]
    assert asked == list(links.values())


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "https://a.example/x.html",
     "//a.example/x", "/etc/passwd", "\\\\host\\x", "../x.html", "a/../../x.html",
     "java\nscript:alert(1)", " javascript:alert(1)", "data:text/html,x", "a b.html"],
)  # fmt: skip
def test_a_link_that_leads_elsewhere_is_refused(table, tmp_path, link):
    with pytest.raises(ConfigurationError, match="leads away from the page"):
        write_study_page(table, tmp_path / "s.html", links={12: link})
    assert not list(tmp_path.iterdir())


def test_sparklines_have_common_limits_and_break_at_gaps(table, tmp_path, parsed):
    lines = {12: line([60, 60, np.nan, 80]), 41: line([100, 100])}
    found = page(table, tmp_path, parsed, lines=lines)
    paths = [each["d"] for each in found.all("path")]
    # 60 is the lowest step and 80 the middle; the line breaks at the missing minute.
    assert paths == ["M0 20h0l20 0M60 10h0", "M0 0h0l60 0"]
    labels = [each["aria-label"] for each in found.all("svg")]
    assert labels == ["heart rate (bpm) of 12", "heart rate (bpm) of 41"]
    assert "from 60 to 100" in found.text


def test_a_record_without_a_line_or_with_none_known_has_a_dash(table, tmp_path, parsed):
    lines = {12: line([np.nan, np.nan]), 41: line([5.0])}
    found = page(table, tmp_path, parsed, lines=lines)
    assert len(found.all("svg")) == 1
    found = page(table, tmp_path / "b", parsed, lines={41: line([])})
    assert not found.all("svg")


def test_a_study_without_records_is_a_page_too(table, tmp_path, parsed):
    found = page(table.iloc[:0], tmp_path, parsed)
    assert "0 records of 0 subjects, 0 s in all." in found.text
