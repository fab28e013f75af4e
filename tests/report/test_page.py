"""The report of a record: what stands in it, what does not, and what runs: nothing."""

from __future__ import annotations

import re
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.errors import (
    ConfigurationError,
    IncompleteDataError,
    OutputExistsError,
    UnverifiedCalibrationWarning,
)
from hexoframe.record import Record
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.report.page import shown_channels, write_report
from tests.report.conftest import EVIL, SECRETS

pytest.importorskip("jinja2", reason="pages need hexoframe[report]")
pytest.importorskip("matplotlib", reason="pages need hexoframe[report]")
pytestmark = [
    pytest.mark.usefixtures("no_window"),
    pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning"),
]


@pytest.fixture(scope="module")
def made(few_minutes, plain, parsed, tmp_path_factory):
    """The page of four minutes, and what is in it."""
    path = tmp_path_factory.mktemp("page") / "record.html"
    assert write_report(few_minutes, path, draw=plain) == path
    return parsed(path.read_text("utf-8"))


def report(record, tmp_path, draw, **more):
    path = tmp_path / "record.html"
    write_report(record, path, draw=draw, **more)
    return path.read_text("utf-8")


# -- what stands in it -----------------------------------------------------------------


def test_the_sections_come_in_the_order_of_reading(made):
    ids = [each["id"] for each in made.all("section") if "id" in each]
    assert ids == [
        "facts", "coverage", "overview", "ecg", "heart", "breathing", "sleep",
        "summary", "methods", "receipts",
    ]  # fmt: skip
    links = [each["href"] for each in made.all("a")]
    assert links == [f"#{name}" for name in ids[1:]]


def test_the_figures_are_those_of_the_results(made, few_minutes):
    summary = few_minutes.summary()
    worn = summary.loc["worn", "value"]
    assert f"worn for {int(10 * worn) / 10:.1f} % of 4 min." in made.text
    rate = summary.loc["heart_rate_mean"]
    row = (
        f"Heart rate mean {rate['value']:.1f} bpm {int(1000 * rate['good_share']) / 10}"
    )
    assert row in made.text
    hrv = few_minutes.hrv(None).iloc[0]
    assert f"whole record {hrv['n_beats']} {hrv['n_pairs']}" in made.text
    # The paragraph to paste, but for the commas between thousands.
    methods = few_minutes.methods().replace(",", " ")
    assert " ".join(methods.split()) in " ".join(made.text.replace(",", " ").split())
    assert "Start 2024-03-01 22:00:00 UTC End 2024-03-01 22:0" in made.text


def test_every_channel_has_its_checksum(made, few_minutes):
    digests = re.findall(r"\b[0-9a-f]{64}\b", made.text)
    assert len(digests) == len(few_minutes)


def test_the_pictures_are_asked_for_and_both_minutes_of_the_ecg(
    few_minutes, plain, tmp_path
):
    asked = []

    def draw(record, what, **part):
        asked.append((what, part))
        return plain(record, what)

    report(few_minutes, tmp_path, draw)
    names = [name for name, _ in asked]
    assert names == [
        "coverage", "overview", "ecg_i", "ecg_i", "rr", "hrv", "breaths", "sleep",
    ]  # fmt: skip
    table = few_minutes.check_ecg()
    minutes = [part["start"] for name, part in asked if name == "ecg_i"]
    best, worst = (table["start"].tolist().index(each) for each in minutes)
    seen = table[table[["not_worn", "missing", "sensor_off"]].max(axis=1) <= 0.5]
    assert table["correlation"][best] == table["correlation"].max()
    assert table["correlation"][worst] == seen["correlation"].min()
    lengths = {part["end"] - part["start"] for name, part in asked if name == "ecg_i"}
    assert lengths == {pd.Timedelta("1min")}


def test_what_cannot_be_drawn_says_why_in_its_place(few_minutes, parsed, tmp_path):
    def draw(_, what, **__):
        raise ConfigurationError(f"there is nothing of {what} here")

    page = parsed(report(few_minutes, tmp_path, draw))
    assert "There is nothing of overview here." in page.text
    assert not page.all("figure")


def test_the_variability_that_the_device_computed_is_not_shown_nor_warned_of(
    samples, plain, tmp_path, monkeypatch
):
    monkeypatch.setattr("hexoframe.plotting.plot_record", plain)
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    assert len(record["rmssd"])
    assert record.channel("rmssd").datatypes[0].verified == "vendor"
    shown = set(shown_channels(record))
    assert {"ecg", "heart_rate", "rr_interval"} <= shown
    assert "rmssd" not in shown
    monkeypatch.setattr("hexoframe.recording.scales._warned", set())
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnverifiedCalibrationWarning)
        record.report(tmp_path / "record.html")


def test_what_is_wrong_with_the_source_is_raised_and_nothing_is_written(
    few_minutes, tmp_path
):
    def draw(*_, **__):
        raise IncompleteDataError("samples were lost")

    with pytest.raises(IncompleteDataError, match="were lost"):
        report(few_minutes.between("0s", "5s"), tmp_path, draw)
    assert not list(tmp_path.iterdir())


def test_a_record_without_a_minute_to_show_says_so(
    few_minutes, plain, parsed, tmp_path
):
    off = few_minutes.wear().set_index("worn").loc[False]
    part = few_minutes.between(off["start"], off["end"])
    text = parsed(report(part, tmp_path, plain)).text
    assert "There is no worst minute: shirt and electrodes were on in none." in text
    one = parsed(report(few_minutes.between("0s", "50s"), tmp_path / "b", plain)).text
    assert "There is no other minute with shirt and electrodes on." in one


# -- records that lack something -------------------------------------------------------


@pytest.mark.parametrize(
    "kept",
    [[], ["heart_rate"], ["ecg"], ["rr_interval"], ["respiration"], ["sleep_phase"],
     ["inspiration", "expiration"], ["ptt"]],
    ids=str,
)  # fmt: skip
def test_a_record_with_next_to_nothing_has_a_page(
    few_minutes, plain, parsed, tmp_path, kept
):
    span = (few_minutes.start_tick, few_minutes.end_tick)
    some = {name: few_minutes[name] for name in kept}
    page = parsed(report(Record("hexoskin", span, some), tmp_path, plain))
    assert "Record without id" in page.text
    assert "4 min" in page.text


def test_a_channel_that_was_left_out_is_named(few_minutes, plain, parsed, tmp_path):
    record = Record.of(few_minutes, left_out={"ecg", "rr_interval"})
    page = parsed(report(record, tmp_path, plain))
    assert "rr_interval was left out" in page.text


def test_a_record_without_length_has_a_page(few_minutes, plain, parsed, tmp_path):
    start = few_minutes.start_tick
    page = parsed(report(Record("hexoskin", (start, start), {}), tmp_path, plain))
    assert "0 s" in page.text


@pytest.mark.parametrize(
    "family", [pytest.param("astroskin_256", marks=pytest.mark.slow), "astroskin_1000"]
)
def test_records_of_each_model_have_a_page(family, plain, parsed, tmp_path):
    from hexoframe.simulator.export import write_export
    from hexoframe.simulator.shirt import Shirt, wear

    shirt = Shirt(seed=2, family=family, duration_s=70)
    record = hexoframe.open_record(write_export(wear(shirt), tmp_path / "r.zip"))
    assert "Astroskin report" in parsed(report(record, tmp_path, plain)).text


def test_counts_are_reported_too(few_minutes, plain, parsed, tmp_path):
    part = few_minutes.between("0s", "60s")
    record = hexoframe.open_record(part.to_parquet(tmp_path), units="raw")
    page = parsed(report(record, tmp_path, plain))
    rate = part.summary().loc["heart_rate_mean", "value"]
    assert f"Heart rate mean {rate:.1f} bpm" in page.text


# -- who is named ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile_pages(hostile, plain, tmp_path_factory):
    """The page of a hostile record without names and with them; what pictures saw."""
    folder, seen = tmp_path_factory.mktemp("hostile"), []

    def draw(record, what, **part):
        seen.append(record.facts)
        return plain(record, what, **part)

    quiet = report(hostile, folder, draw)
    unnamed = list(seen)
    return quiet, report(hostile, folder / "b", plain, identify=True), unnamed


def test_neither_wearer_nor_device_nor_comments_are_named_unless_asked(
    hostile_pages, parsed
):
    quiet, told, _ = hostile_pages
    for secret in (*SECRETS.values(), "said by Jane", "note &"):
        assert str(secret) not in quiet
    for secret in (*SECRETS.values(), "said by Jane"):
        assert str(secret) in parsed(told).text
    # The id of the record and the names of activities are results.
    assert "Record 77" in quiet
    assert "range &" in quiet


def test_a_record_without_names_is_called_by_its_pseudonym_and_says_that_dates_moved(
    few_minutes, plain, parsed, tmp_path
):
    safe = few_minutes.between("0s", "20s").deidentify(pseudonym="P01")
    page = parsed(report(safe, tmp_path, plain, identify=True)).text
    assert "Record P01" in page
    assert "Dates moved by a whole number of weeks" in page
    assert "77" not in re.sub(r"[0-9a-f]{64}", "", page.partition("Hexoskin report")[2])


def test_several_devices_are_named_one_by_one(few_minutes, plain, parsed, tmp_path):
    facts = Facts(info={"id": 7, "devices": ["HX1", "HX2"], "user_id": ""})
    record = Record.of(few_minutes.between("0s", "5s"), facts=facts)
    text = parsed(report(record, tmp_path, plain, identify=True)).text
    assert "Device HX1 and HX2" in text
    assert "User id" not in text


def test_pictures_do_not_know_the_comments_either(hostile_pages):
    *_, seen = hostile_pages
    assert seen
    assert all(facts.annotations["comment"].isna().all() for facts in seen)
    assert all(facts.ranges["note"].isna().all() for facts in seen)
    assert all(len(facts.annotations) == 1 for facts in seen)


# -- nothing runs ----------------------------------------------------------------------


def check_that_nothing_runs(page):
    """No element that runs or asks, no style against the policy."""
    for tag in ("script", "iframe", "object", "embed", "form", "link", "base"):
        assert not page.all(tag)
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert "style" not in attributes
        for name in ("src", "href", "action", "data", "xlink:href", "srcset"):
            value = attributes.get(name, "#")
            assert value.startswith(("#", "data:image/png;base64,")), (tag, value)


def test_a_hostile_record_brings_no_element_and_no_address(hostile_pages, parsed):
    for text in hostile_pages[:2]:
        page = parsed(text)
        check_that_nothing_runs(page)
        assert page.all("img") == []
        # It is all there to be read.
        assert EVIL in page.text


@pytest.mark.slow
def test_real_pictures_of_a_hostile_record_bring_none_either(hostile, parsed, tmp_path):
    path = hostile.report(tmp_path / "record.html", identify=True)
    page = parsed(path.read_text("utf-8"))
    check_that_nothing_runs(page)
    assert len(page.all("figure")) >= 6
    assert path.stat().st_size < 10_000_000
    # Every colour of the figures follows a dark page.
    style, _, body = path.read_text("utf-8").partition("</style>")
    coloured = r'(?:fill|stroke)="(#[^"]+)"'
    assert set(re.findall(coloured, body)) <= set(re.findall(coloured, style))


# -- the file --------------------------------------------------------------------------


def test_the_same_record_is_the_same_file_and_another_one_is_kept(
    few_minutes, plain, tmp_path
):
    path, tiny = tmp_path / "record.html", few_minutes.between("0s", "5s")
    for _ in range(2):
        write_report(tiny, path, draw=plain)
    before = path.read_bytes()
    part = few_minutes.between("0s", "6s")
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        write_report(part, path, draw=plain)
    assert path.read_bytes() == before
    write_report(part, path, draw=plain, overwrite=True)
    assert path.read_bytes() != before
    assert [each.name for each in tmp_path.iterdir()] == ["record.html"]


def test_a_wrong_path_or_a_missing_package_is_told_before_anything_is_read(
    few_minutes, monkeypatch, tmp_path
):
    def fail(*_, **__):
        pytest.fail("something was read")

    monkeypatch.setattr("hexoframe.report.page.summarise", fail)
    with pytest.raises(ConfigurationError, match=r"end it with \.html"):
        few_minutes.report(tmp_path / "record.pdf")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConfigurationError, match=r"hexoframe\[report\]"):
        few_minutes.report(tmp_path / "record.html")
    assert not list(tmp_path.iterdir())


def test_activities_have_rows_of_their_own(few_minutes, plain, parsed, tmp_path):
    start = few_minutes.start_tick
    rows = [
        {"id": at, "name": f"part {at}", "start": start + at * 15_360,
         "end": start + (at + 1) * 15_360}
        for at in range(2)
    ]  # fmt: skip
    facts = Facts(info=few_minutes.facts.info, ranges=facts_table("ranges", rows))
    record = Record.of(few_minutes, facts=facts)
    page = parsed(report(record, tmp_path, plain))
    rate = record.summary("ranges", wide=True)["heart_rate_mean"]
    for at, value in enumerate(rate):
        shown = "\u2013" if np.isnan(value) else f"{value:.1f}"
        assert f"part {at} 2024-03-01 22:0{at}:00 1 min {shown}" in page.text
    assert "part 1, 22:01" in page.text
