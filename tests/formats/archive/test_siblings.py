"""Files of a record that tell what others lack, as ticks and counts."""

from __future__ import annotations

import csv
import io
import zipfile

import numpy as np
import pytest

from hexoframe.channels import find
from hexoframe.formats.archive.siblings import (
    Events,
    asked_for,
    find_lost_events,
    find_missing,
    lost_end,
)

END = 10_000


def row(name, family="hexoskin"):
    return find(family, name).datatypes[0]


def events(ticks, values=None):
    ticks = np.asarray(ticks, dtype=np.int64)
    values = np.ones(len(ticks)) if values is None else values
    return Events(ticks, np.asarray(values, dtype=np.float64))


def lost(files, counts=None, end=END):
    held = {row(name): found for name, found in files.items()}
    found = find_lost_events(held, end, counts=counts or {})
    return {each.column: loss.spans for each, loss in found.items()}


BEATS = np.arange(100, 10_000, 100)


@pytest.mark.parametrize(
    ("kept", "spans"),
    [
        (slice(None), None),
        (slice(0, 33), ((3300, END),)),
        (slice(0, 98), ((9800, END),)),
        (slice(5, None), ((0, 600),)),
        (slice(0, 0), ((0, END),)),
        (np.r_[0:10, 20:50, 51:99], ((1000, 2100), (5000, 5200))),
    ],
)
@pytest.mark.parametrize("whole", ["rr_interval", "rr_interval_quality"])
def test_each_beat_has_one_quality_and_the_other_way_round(whole, kept, spans):
    names = {"rr_interval", "rr_interval_quality"}
    (cut,) = names - {whole}
    found = lost({whole: events(BEATS), cut: events(BEATS[kept])})
    assert found == ({} if spans is None else {cut: spans})


def test_files_of_two_records_lack_each_others_events():
    other = BEATS + 7
    found = lost({"rr_interval": events(BEATS), "rr_interval_quality": events(other)})
    assert found.keys() == {"rr_interval", "rr_interval_quality"}


@pytest.mark.parametrize("more", [0, 1, 2, 3, 40])
@pytest.mark.parametrize(
    ("longer", "shorter"),
    [
        ("inspiration", "expiration"),
        ("expiration", "inspiration"),
        ("nn_interval", "rr_interval"),
    ],
)
def test_a_few_events_more_at_an_end_are_usual_and_many_are_a_loss(
    longer, shorter, more
):
    ticks = BEATS[: len(BEATS) - more]
    found = lost({longer: events(BEATS), shorter: events(ticks + 10)})
    last = int(ticks[-1]) + 10
    assert found == ({shorter: ((last, END),)} if more > 2 else {})


def test_breaths_that_do_not_take_turns_within_the_record_are_no_loss():
    # Where the belts were off, one of the two may be missing.
    whole, holed = events(BEATS), events(np.r_[BEATS[:10], BEATS[60:]] + 5)
    assert lost({"inspiration": whole, "expiration": holed}) == {}


def test_beats_that_only_rr_has_tell_nothing_of_nn():
    assert lost({"rr_interval": events(BEATS), "nn_interval": events(BEATS[3:9])}) == {}


@pytest.mark.parametrize(
    ("ticks", "values", "spans"),
    [
        ([0, 256, END], [np.nan, 2, np.nan], None),
        ([0, END], [np.nan, np.nan], None),
        ([0, 256], [np.nan, 2], ((256, END),)),
        ([0], [np.nan], ((0, END),)),
        # As in .hxd files, which cannot hold nan.
        ([0, 256], [1, 2], None),
        ([5, 256], [np.nan, 2], None),
        ([], [], None),
    ],
)
def test_states_that_begin_with_nan_end_with_nan(ticks, values, spans):
    found = lost({"device_position": events(ticks, values)})
    assert found == ({} if spans is None else {"device_position": spans})


@pytest.mark.parametrize("name", ["Steps", "step_count"])
@pytest.mark.parametrize(
    ("told", "spans"),
    [
        ("99", None),
        ("100", None),
        ("98", None),
        ("150", ((9900, END),)),
        ("", None),
        ("nan", None),
        ("9" * 5000, None),
    ],
)
def test_steps_are_as_many_as_the_statistics_say(name, told, spans):
    steps = events(BEATS, np.arange(1, 100))
    found = lost({"step": steps}, {name: told})
    assert found == ({} if spans is None else {"step": spans})


def test_steps_that_are_no_number_count_nothing():
    steps = events(BEATS, np.r_[1:99, np.inf])
    assert lost({"step": steps}, {"Steps": "98"}) == {}
    assert lost({"step": steps}, {"Steps": "150"}) == {"step": ((9900, END),)}
    nothing = events(BEATS, np.full(99, np.nan))
    assert lost({"step": nothing}, {"Steps": "1"}) == {}


def test_what_lies_behind_the_end_of_the_record_is_lost_as_well():
    found = lost(
        {"rr_interval_quality": events([9, 20_000]), "rr_interval": events([9])}
    )
    assert found == {"rr_interval": ((9, 20_001),)}
    assert lost_end(events([20_000]), END, "cut").spans == ((20_000, 20_001),)


# -- files that are not there ----------------------------------------------------------


def missing(names, *, sizes=None, family="hexoskin", asked=()):
    rows = {each: 100 for name in names for each in find(family, name).datatypes}
    rows |= {row(name, family): size for name, size in (sizes or {}).items()}
    found = find_missing(family, rows, rows, frozenset(asked))
    return {gone.api_name: witness.api_name for gone, witness in found.items()}


@pytest.mark.parametrize(
    ("names", "gone"),
    [
        ([], {}),
        (["acceleration_x", "acceleration_z"], {"acceleration_Y"}),
        (["acceleration_y"], {"acceleration_X", "acceleration_Z"}),
        (["respiration_thoracic"], {"respiration_abdominal"}),
        (["heart_rate_quality"], {"heart_rate"}),
        (["heart_rate"], set()),
        (["breathing_rate_quality"], {"breathing_rate"}),
        (["rr_interval_quality"], {"RR_interval"}),
        (["nn_interval"], {"RR_interval"}),
        (["rr_interval"], set()),
        (["inspiration"], {"expiration"}),
        (["expiration"], {"inspiration"}),
        (["minute_ventilation", "activity", "step", "ecg"], set()),
    ],
)
def test_one_file_tells_of_those_that_go_with_it(names, gone):
    assert missing(names).keys() == set(gone)


def test_leads_tell_of_each_other():
    assert missing(["ecg_ii"], family="astroskin_256").keys() == {"ECG_I", "ECG_III"}
    # Exports of a Hexoskin have empty files of the leads that it lacks.
    empty = next(each for each in rows_of("hexoskin") if each.api_name == "ECG_II")
    found = find_missing("hexoskin", [empty], {}, frozenset())
    assert [each.api_name for each in found] == ["ECG_I"]


def rows_of(family):
    from hexoframe.channels import datatypes_of

    return datatypes_of(family)


def test_a_file_without_samples_tells_nothing():
    sizes = {"heart_rate_quality": 0, "inspiration": 2, "acceleration_x": 0}
    assert missing([], sizes=sizes) == {}


def test_what_was_not_asked_for_is_not_missing():
    assert asked_for("/api/data/?record=9&datatype=4145") == {4145}
    assert asked_for("/api/data/?record=9&datatype__in=4145,4146") == {4145, 4146}
    assert asked_for("/api/data/?record=9") == frozenset()
    assert asked_for(None) == frozenset()
    assert missing(["acceleration_x"], asked=[4145]) == {}
    assert missing(["acceleration_x"], asked=[4145, 4147]).keys() == {"acceleration_Z"}


# -- the relations in whole exports ----------------------------------------------------


def parsed(read):
    """Events of an export by hand, without the code that is tested."""
    found = {}
    for name in ("RR_interval", "RR_interval_quality", "NN_interval", "step"):
        found[name] = read(f"{name}.csv")
    for name in ("inspiration", "expiration", "device_position", "sleep_position"):
        found[name] = read(f"{name}.csv")
    return found


def holds(found, clock):
    """Whether every relation holds, in ticks since the start."""
    rows = {
        name: [
            (round(float(time) * clock), float(value))
            for time, value in list(csv.reader(io.StringIO(text.decode())))[1:]
        ]
        for name, text in found.items()
    }
    times = {name: [tick for tick, _ in each] for name, each in rows.items()}
    assert times["RR_interval"] == times["RR_interval_quality"]
    assert set(times["NN_interval"]) <= set(times["RR_interval"])
    assert abs(len(times["inspiration"]) - len(times["expiration"])) <= 1
    assert [value for _, value in rows["step"]] == list(range(1, len(rows["step"]) + 1))
    for name in ("device_position", "sleep_position"):
        assert rows[name][0][0] == 0
        assert np.isnan([rows[name][0][1], rows[name][-1][1]]).all()


@pytest.mark.parametrize(
    "name", ["hexoskin-256696", "hexoskin-258583", "astroskin-122445"]
)
def test_the_relations_hold_in_real_exports(real_data, name):
    folder = real_data / "exports" / name
    holds(parsed(lambda member: (folder / member).read_bytes()), 256)


@pytest.mark.parametrize(
    ("name", "clock"),
    [
        ("hexoskin_10min.zip", 256),
        ("astroskin_2min.zip", 256),
        ("astroskin_1000_1min.zip", 1000),
    ],
)
def test_the_relations_hold_in_the_samples(samples, name, clock):
    with zipfile.ZipFile(samples / name) as packed:
        members = {one.rpartition("/")[2]: one for one in packed.namelist()}
        holds(parsed(lambda member: packed.read(members[member])), clock)
