"""Answers of the data resource: literals, broken bodies, windows, a served record."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import math
from itertools import pairwise
from urllib.parse import urlencode, urlsplit

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.api.load import plan as plan_module
from hexoframe.api.load.chunks import split
from hexoframe.api.load.plan import make_plan, wanted_datatypes
from hexoframe.channels import CLOCK_OF_FAMILY, channels_of, datatypes_of
from hexoframe.errors import ResponseError, SkippedChannelWarning
from hexoframe.formats.archive import reader as archive
from hexoframe.formats.options import ReadOptions
from hexoframe.formats.wire import answers
from hexoframe.formats.wire.answers import DatatypeSamples, parse_data
from hexoframe.formats.wire.windows import channel_frames, is_thinned, join_windows

T = 390747224745  # a tick of May 2018
ROWS = {row.id: row for row in datatypes_of("hexoskin")}
HAS_SIMDJSON = answers.simdjson is not None


@pytest.fixture(params=["quick", "slow"])
def way(request, monkeypatch):
    """Both ways of reading; without simdjson there is one."""
    if request.param == "slow":
        monkeypatch.setattr(answers, "simdjson", None)
    elif not HAS_SIMDJSON:
        pytest.skip("pysimdjson is not installed")
    return request.param


def parse(text, **more):
    body = text if isinstance(text, bytes) else text.encode()
    return parse_data(body, clock=256, where="record 5", **more)


def answer(**lists):
    data = {key.lstrip("d"): rows for key, rows in lists.items()}
    return json.dumps([{"data": data, "user": "/api/user/1511/"}])


def samples(ticks, values):
    return DatatypeSamples(
        np.array(ticks, dtype=np.int64), np.array(values, dtype=float)
    )


def same(found, ticks, values):
    stamps, numbers = found
    assert stamps.dtype == np.int64
    assert numbers.dtype == np.float64
    assert stamps.tolist() == list(ticks)
    np.testing.assert_array_equal(numbers, values)


# --- one answer -----------------------------------------------------------------------


@pytest.mark.usefixtures("way")
def test_each_datatype_has_its_ticks_and_values():
    found = parse(answer(d19=[[T, 70], [T + 256, 71]], d36=[[T, 4395.679999999999]]))
    assert list(found) == [19, 36]
    same(found[19], [T, T + 256], [70, 71])
    same(found[36], [T], [4395.679999999999])


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "text", ["[]", "[{}]", '[{"data": {}}]', ' [ {"user": "x"} ] ']
)
def test_no_data_is_an_empty_dict(text):
    assert parse(text) == {}


@pytest.mark.usefixtures("way")
def test_an_empty_list_is_a_datatype_without_samples():
    found = parse(answer(d66=[], d19=[[T, 70]]))
    same(found[66], [], [])
    same(found[19], [T], [70])


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("space", ["", " ", "\n    ", "\t"])
@pytest.mark.parametrize("user", ["before", "after", "none"])
def test_spaces_and_the_order_of_keys_mean_nothing(space, user):
    held = {"data": {"19": [[T, 70], [T + 256, 71]], "33": [[T, 12]]}}
    if user == "before":
        held = {"user": "/api/user/1/", **held}
    elif user == "after":
        held["user"] = "/api/user/1/"
    found = parse(json.dumps([held], separators=(f",{space}", f":{space}")))
    same(found[19], [T, T + 256], [70, 71])
    same(found[33], [T], [12])


@pytest.mark.usefixtures("way")
def test_keys_beside_the_data_are_not_read():
    record = [{"id": 5, "start": T, "note": "a, [b]"}]
    text = json.dumps([{"data": {"19": [[T, 70]]}, "record": record, "user": "u"}])
    same(parse(text)[19], [T], [70])


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("missing", ["null", "NaN"])
def test_a_missing_value_is_nan(missing):
    text = f'[{{"data": {{"280": [[{T}, {missing}], [{T + 5}, 2.0]]}}}}]'
    same(parse(text)[280], [T, T + 5], [math.nan, 2])


@pytest.mark.usefixtures("way")
def test_one_null_leaves_the_other_datatypes_as_they_are():
    found = parse(answer(d19=[[T, 70]], d280=[[T, None], [T + 1, 5]], d33=[[T, 12]]))
    same(found[280], [T, T + 1], [math.nan, 5])
    same(found[19], [T], [70])
    same(found[33], [T], [12])


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "stamp", ["384700526436.0", "384700526436", "3.84700526436e11", "3.84700526436E+11"]
)
def test_stamps_are_exact_in_every_form(stamp):
    same(parse(f'[{{"data": {{"270": [[{stamp}, 1]]}}}}]')[270], [384700526436], [1])


@pytest.mark.usefixtures("way")
def test_ticks_of_the_fast_clock_are_exact():
    tick = 1_691_371_518_001
    body = answer(d4113=[[tick, 5], [tick + 4, -3]]).encode()
    same(parse_data(body, clock=1000, where="x")[4113], [tick, tick + 4], [5, -3])


@pytest.mark.usefixtures("way")
def test_values_have_every_bit_of_the_answer():
    values = [0.1, 1 / 3, 5e-324, -0.0, 1.7976931348623157e308, 2**53 - 1, -32768]
    found = parse(answer(d19=[[T + n, value] for n, value in enumerate(values)]))
    _, numbers = found[19]
    assert numbers.tolist() == values
    assert math.copysign(1, numbers[3]) == -1


def test_datatypes_with_the_same_stamps_share_them():
    rows = [[T + n, n] for n in range(5)]
    found = parse(answer(d4129=rows, d4130=rows, d19=[[T, 1], [T + 4, 2]]))
    assert found[4129].ticks is found[4130].ticks
    assert found[19].ticks is not found[4129].ticks


def test_real_answers_read_as_the_standard_library_reads_them(real_data):
    for name in (
        "answer-data-19-33-record-37700", "answer-data-4113-record-43419",
        "answer-sleepposition-range", "answer-tidalvolume-record-37700",
    ):  # fmt: skip
        body = (real_data / "api" / f"{name}.json").read_bytes()
        found = parse(body)
        (one,) = json.loads(body)
        assert {str(number) for number in found} == set(one["data"])
        for number, held in found.items():
            rows = one["data"][str(number)]
            same(held, [t for t, _ in rows], [v for _, v in rows])


@pytest.mark.skipif(not HAS_SIMDJSON, reason="pysimdjson is not installed")
def test_plain_answers_go_the_quick_way_and_others_do_not():
    def quick(text):
        body = text.encode()
        return answers._quick(body, body.translate(None, answers._NOT_JOINTS))

    assert quick(answer(d19=[[T, 70]], d33=[])) is not None
    assert quick(answer(d280=[[T, None]])) is not None
    for text in ("[]", "[{}]", answer(d19=[[T], [70, T, 7]]), answer(d19=[T, 70])):
        assert quick(text) is None


# --- what is refused ------------------------------------------------------------------

P = f"[{T}, 70]"
RAGGED = {
    "a row without value": f"[{P}, [{T + 1}]]",
    "a row without anything": f"[{P}, []]",
    "a row too long": f"[{P}, [{T + 1}, 7, 8]]",
    "short and long in balance": f"[[{T}], [{T + 1}, 7, 8]]",
    "pairs cut in another place": f"[[{T}], [70, {T + 1}, 71]]",
    "a nested value": f"[{P}, [{T + 1}, [7]]]",
    "a nested stamp": f"[[[{T}], 7], {P}]",
    "rows within rows": f"[[{P}, {P}], {P}]",
    "flat": f"[{T}, 70, {T + 1}, 71]",
    "flat and nested in balance": f"[{T}, 70, [{T + 1}, 71, {T + 2}, 72, {T}, 7]]",
    "a row that is an object": f'[{P}, {{"{T + 1}": 7}}]',
    "a row that is null": f"[{P}, null]",
    "text for a value": f'[{P}, [{T + 1}, "70"]]',
    "text for a stamp": f'[{P}, ["{T + 1}", 70]]',
    "true for a value": f"[{P}, [{T + 1}, true]]",
    "null for a stamp": f"[{P}, [null, 70]]",
    "an object for rows": '{"a": 1}',
    "null for rows": "null",
    "a number for rows": "7",
    "an infinite value": f"[{P}, [{T + 1}, Infinity]]",
    "a value beyond float64": f"[{P}, [{T + 1}, 1e999]]",
    "a fraction of a tick": f"[{P}, [{T + 1}.5, 70]]",
    "a stamp of another clock": "[[1526356346, 70]]",
    "value and stamp exchanged": f"[[70, {T}]]",
    "a whole number beyond float64": f"[{P}, [{T + 1}, 1{'0' * 400}]]",
}


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("rows", RAGGED.values(), ids=RAGGED)
def test_rows_that_are_no_pairs_of_numbers_are_refused(rows):
    text = f'[{{"data": {{"33": [{P}], "19": {rows}}}, "user": "u"}}]'
    with pytest.raises(ResponseError, match="record 5"):
        parse(text)


@pytest.mark.usefixtures("way")
def test_the_error_names_datatype_row_and_what_was_found():
    with pytest.raises(ResponseError, match=r"record 5, datatype 19, row 1: .*\[7\]"):
        parse(answer(d19=[[T, 1], [7]]))
    with pytest.raises(ResponseError, match=r"datatype 19: .*1526356346"):
        parse(answer(d19=[[1526356346, 1]]))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "text",
    [
        "", "null", "7", '"19"', '{"error": "no"}', f'{{"data": {{"19": [{P}]}}}}',
        f'[{{"data": {{"19": [{P}]}}}}, {{"data": {{"19": [{P}]}}}}]',
        f"[{P}]", "[7]", "[null]", f'[{{"data": [{P}]}}]', '[{"data": null}]',
        f'[{{"data": {{"heart_rate": [{P}]}}}}]', f'[{{"data": {{"-1": [{P}]}}}}]',
        f'[{{"data": {{"19": [{P}], "19": [{P}]}}}}]', "<html>busy</html>",
        f'[{{"data": {{"19": [{P}]}}}}] []', f'[{{"data": {{"19": [{P},]}}}}]',
        "[" * 5000,
    ],
)  # fmt: skip
def test_bodies_of_another_form_are_refused(text):
    with pytest.raises(ResponseError, match="record 5"):
        parse(text)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("text", ["[" * 400_000, "[[]," * 200_000, "{}," * 300_000])
def test_a_body_of_brackets_is_refused_before_it_is_parsed(text, monkeypatch):
    monkeypatch.setattr(answers, "json", None)
    monkeypatch.setattr(answers, "_parser", None)
    with pytest.raises(ResponseError, match="brackets"):
        parse(text)


def test_the_shortest_rows_are_no_body_of_brackets():
    rows = f"[{T},1]," * 200_000
    assert len(parse(f'[{{"data":{{"19":[{rows[:-1]}]}}}}]')[19].ticks) == 200_000


@pytest.mark.usefixtures("way")
def test_a_body_that_was_cut_anywhere_is_refused():
    body = answer(d19=[[T, 70], [T + 256, 71.5]], d280=[[T, None]]).encode()
    for length in range(len(body)):
        with pytest.raises(ResponseError, match="cut"):
            parse(body[:length])
    assert set(parse(body)) == {19, 280}


@pytest.mark.usefixtures("way")
def test_stamps_beyond_the_window_are_refused():
    body = answer(d19=[[T, 70], [T + 256, 71]], d33=[])
    assert len(parse(body, window=(T, T + 256))[19].ticks) == 2
    for window in ((T + 1, T + 256), (T, T + 255)):
        with pytest.raises(ResponseError, match="another request"):
            parse(body, window=window)


NUMBERS = st.one_of(
    st.integers(-(2**40), 2**40), st.floats(allow_infinity=False), st.none()
)
LISTS = st.dictionaries(
    st.integers(0, 9999),
    st.lists(st.tuples(st.integers(T, T + 10**6), NUMBERS), max_size=6),
    max_size=4,
)


@given(LISTS)
def test_both_ways_read_what_was_written(lists):
    text = json.dumps([{"data": lists, "user": "u"}])
    for found in (parse(text), _slowly(text)):
        assert list(found) == list(lists)
        for number, rows in lists.items():
            values = [math.nan if v is None else v for _, v in rows]
            same(found[number], [t for t, _ in rows], values)


@given(LISTS, st.data())
def test_a_damaged_body_never_reads_as_something_that_is_not_there(lists, data):
    text = json.dumps([{"data": lists, "user": "u"}])
    at = data.draw(st.integers(0, len(text) - 1))
    item = data.draw(st.sampled_from(["", "[", "]", ",", "{", "}", '"', "1", "e", " "]))
    damaged = text[:at] + item + text[at + data.draw(st.integers(0, 3)) :]
    outcomes = [_outcome(parse, damaged), _outcome(_slowly, damaged)]
    assert outcomes[0] == outcomes[1]


def _slowly(text):
    held, answers.simdjson = answers.simdjson, None
    try:
        return parse(text)
    finally:
        answers.simdjson = held


def _outcome(read, text):
    try:
        found = read(text)
    except ResponseError:
        return "refused"
    return {
        number: (ticks.tolist(), values.tobytes())
        for number, (ticks, values) in found.items()
    }


# --- windows --------------------------------------------------------------------------


def join(*windows):
    return join_windows(windows, where="record 5")


def test_a_sample_on_the_border_of_two_windows_is_kept_once_and_counted():
    first = {19: samples([T, T + 256], [70, 71])}
    later = {19: samples([T + 256, T + 512], [71, 72])}
    joined = join(first, later)
    same(joined.samples[19], [T, T + 256, T + 512], [70, 71, 72])
    assert joined.duplicates == {19: 1}


def test_windows_without_a_common_sample_lose_none():
    joined = join({19: samples([T], [70])}, {}, {19: samples([T + 256], [70])})
    same(joined.samples[19], [T, T + 256], [70, 70])
    assert joined.duplicates == {19: 0}


def test_two_values_for_one_stamp_of_a_sampled_channel_are_refused():
    with pytest.raises(ResponseError, match=f"datatype 19: tick {T} .*70.*71"):
        join({19: samples([T], [70])}, {19: samples([T], [71])})
    with pytest.raises(ResponseError, match="nan"):
        join({19: samples([T], [70])}, {19: samples([T], [math.nan])})


def test_a_missing_value_may_come_twice():
    window = {271: samples([T], [math.nan])}
    assert join(window, window).duplicates == {271: 1}


def test_a_window_that_comes_again_is_dropped_and_counted():
    window = {4113: samples(range(T, T + 50), range(50))}
    joined = join(window, window, {4113: samples([T + 50], [3])})
    same(joined.samples[4113], range(T, T + 51), [*range(50), 3])
    assert joined.duplicates == {4113: 50}


def test_events_that_a_page_repeats_are_kept_once_and_counted():
    stamps = [T + 190 * number for number in range(148)]
    page = samples([*stamps[:90], *stamps[87:]], [200.0] * 151)
    joined = join({18: page})
    same(joined.samples[18], stamps, [200.0] * 148)
    assert joined.duplicates == {18: 3}
    first = {18: samples([T, T + 9, T + 9], [0, 1, 1])}
    later = {18: samples([T + 9, T + 20], [1, 3])}
    joined = join(first, later)
    same(joined.samples[18], [T, T + 9, T + 20], [0, 1, 3])
    assert joined.duplicates == {18: 2}


@pytest.mark.parametrize("number", [18, 52, 270])
def test_two_values_for_one_stamp_of_an_event_are_refused(number):
    with pytest.raises(ResponseError, match=f"datatype {number}: tick {T} .*1.*2"):
        join({number: samples([T, T + 9, T], [1, 5, 2])})
    with pytest.raises(ResponseError, match=f"tick {T} came with the value 1 and with"):
        join({number: samples([T], [1])}, {number: samples([T], [2])})


def test_stamps_that_run_backwards_are_put_in_order():
    joined = join({18: samples([T + 9, T], [1, 2]), 19: samples([T + 9, T], [1, 2])})
    same(joined.samples[18], [T, T + 9], [2, 1])
    same(joined.samples[19], [T, T + 9], [2, 1])


def test_channels_that_share_stamps_go_on_sharing():
    windows = [
        parse(answer(d4129=rows, d4130=rows, d19=rows[:1]))
        for rows in ([[T, 1], [T + 2, 2]], [[T + 4, 3]])
    ]
    joined = join(*windows).samples
    assert joined[4129].ticks is joined[4130].ticks
    same(joined[4129], [T, T + 2, T + 4], [1, 2, 3])
    same(joined[19], [T, T + 4], [1, 3])


def test_channels_of_one_length_with_other_stamps_do_not_share():
    windows = [
        {19: samples([t], [1]), 33: samples([t + 9], [2]), 18: samples([t], [3])}
        for t in (T, T + 256)
    ]
    joined = join(*windows).samples
    same(joined[19], [T, T + 256], [1, 1])
    same(joined[33], [T + 9, T + 265], [2, 2])
    same(joined[18], [T, T + 256], [3, 3])


def test_no_window_is_no_sample():
    assert join().samples == {}
    joined = join({19: samples([], [])}, {19: samples([], [])})
    same(joined.samples[19], [], [])


@given(
    st.lists(st.integers(0, 60), max_size=60),
    st.lists(st.integers(1, 59), max_size=5),
    st.booleans(),
    st.sampled_from([18, 19]),
)
def test_windows_give_back_what_was_cut_whatever_the_end_rule(
    offsets, cuts, inclusive, number
):
    offsets = sorted(set(offsets))
    ticks = np.array([T + o for o in offsets], dtype=np.int64)
    values = np.arange(len(ticks), dtype=float)
    edges = [T, *sorted({T + cut for cut in cuts}), T + 61]
    windows = []
    for begin, end in pairwise(edges):
        late = ticks <= end if inclusive else ticks < end
        kept = (ticks >= begin) & late
        windows.append({number: DatatypeSamples(ticks[kept], values[kept])})
    joined = join(*windows)
    same(joined.samples[number], ticks, values)
    received = sum(len(window[number].ticks) for window in windows)
    assert joined.duplicates[number] == received - len(ticks)


# --- thinning -------------------------------------------------------------------------


@pytest.mark.parametrize("number", [4113, 4129, 4145, 19, 271])
@pytest.mark.parametrize("step", [2, 3, 79])
def test_a_longer_step_than_the_table_says_is_thinning(number, step):
    ticks = np.arange(100) * int(ROWS[number].ticks) + T
    assert not is_thinned(samples(ticks, ticks * 0), ROWS[number])
    assert is_thinned(samples(ticks[::step], ticks[::step] * 0), ROWS[number])


def test_a_hole_is_no_thinning():
    ticks = [T, T + 256, T + 2560, T + 2816]
    assert not is_thinned(samples(ticks, [1] * 4), ROWS[19])
    assert not is_thinned(samples([T], [1]), ROWS[19])
    assert not is_thinned(samples([], []), ROWS[19])


def test_an_answer_that_is_sparse_only_at_first_is_not_thinned():
    ticks = np.cumsum([T, *[512] * 99, *[256] * 5])
    assert not is_thinned(samples(ticks, ticks * 0), ROWS[19])
    assert is_thinned(samples(ticks[:100], ticks[:100] * 0), ROWS[19])
    twice = np.repeat(ticks[:100], 2)
    assert is_thinned(samples(twice, twice * 0), ROWS[19])


def test_a_step_that_is_no_whole_number_of_ticks_is_told_from_thinning():
    (row,) = [row for row in datatypes_of("astroskin_1000") if row.api_name == "PPG"]
    ticks = [1_700_000_000_000 + round(n * 40 / 3) for n in range(200)]
    assert not is_thinned(samples(ticks, [0] * 200), row)
    assert is_thinned(samples(ticks[::2], [0] * 100), row)


def test_as_many_events_as_a_thinned_answer_has_are_a_suspicion():
    ticks = np.arange(32_768) * 100 + T
    assert is_thinned(samples(ticks, ticks * 0), ROWS[52])
    assert not is_thinned(samples(ticks[1:], ticks[1:] * 0), ROWS[52])


def test_intervals_that_never_reach_back_are_a_suspicion():
    rng = np.random.default_rng(5)
    beats = T + np.cumsum(rng.integers(150, 250, 400))
    intervals = np.diff(beats, prepend=beats[0]) / 256
    assert not is_thinned(samples(beats, intervals), ROWS[18])
    for step in (2, 3, 5):
        assert is_thinned(samples(beats[::step], intervals[::step]), ROWS[18])
    assert not is_thinned(samples(beats[:20:2], intervals[:20:2]), ROWS[18])


# --- frames ---------------------------------------------------------------------------


def test_frames_hold_physical_values_in_the_dtypes_of_the_table():
    held = {
        4113: samples([T, T + 1], [1360, 1715]),
        4129: samples([T, T + 2], [24445, 24446]),
        18: samples([T, T + 186], [0, 0.7265625]),
    }
    frames = channel_frames(held, "hexoskin", record_id=5)
    assert list(frames) == ["ecg", "respiration", "rr_interval"]
    ecg = frames["ecg"]
    assert ecg["ecg_i"].dtype == np.float32
    expected = np.float32([1360 * 0.0064 - 8.704, 1715 * 0.0064 - 8.704])
    np.testing.assert_array_equal(ecg["ecg_i"], expected)
    since = pd.Timestamp("1970-01-01", tz="UTC")
    first = (ecg.index[0] - since) // pd.Timedelta(1, "ns")
    assert first == T * 3_906_250
    assert ecg.attrs["hexoframe"]["record"] == 5
    # The belt whose column did not come is there and missing.
    assert frames["respiration"]["respiration_abdominal"].isna().all()
    assert frames["rr_interval"]["rr_interval"].tolist() == [0, 0.7265625]


def test_raw_frames_hold_counts():
    held = {36: samples([T], [4395.679999999999]), 18: samples([T], [0.7265625])}
    frames = channel_frames(held, "hexoskin", scale="raw")
    assert frames["minute_ventilation"].iloc[0, 0] == 331
    assert frames["rr_interval"].iloc[0, 0] == 186


def test_columns_with_stamps_of_their_own_are_merged():
    held = {4129: samples([T, T + 2], [1, 2]), 4130: samples([T + 2, T + 4], [3, 4])}
    frame = channel_frames(held, "hexoskin")["respiration"]
    np.testing.assert_array_equal(frame.to_numpy(), [[1, np.nan], [2, 3], [np.nan, 4]])


def test_columns_are_not_merged_before_windows_are_joined():
    held = {4129: samples([T, T], [1, 1]), 4130: samples([T], [3])}
    with pytest.raises(ResponseError, match="join the windows"):
        channel_frames(held, "hexoskin")


def test_frames_with_the_same_stamps_share_their_index():
    rows = [[T, 1], [T + 256, 2]]
    held = parse(answer(d19=rows, d33=rows))
    frames = channel_frames(held, "hexoskin")
    assert frames["heart_rate"].index is frames["breathing_rate"].index


def test_what_is_no_channel_is_left_out_with_a_warning():
    held = {66: samples([T], [97]), 65: samples([], []), 19: samples([T], [70])}
    with pytest.warns(SkippedChannelWarning, match=r"\[66\]"):
        frames = channel_frames(held, "hexoskin")
    assert list(frames) == ["heart_rate"]


# --- a record as it is served ---------------------------------------------------------


def fetch(server, query, accept="application/json"):
    card = server.credentials[server.username]
    token = base64.b64encode(f"{card.username}:{card.password}".encode()).decode()
    told = {
        "Authorization": f"Basic {token}", "Accept": accept, "Accept-Encoding": "gzip",
    }  # fmt: skip
    line = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=30)
    try:
        line.request("GET", f"/api/data/?{urlencode(query)}", headers=told)
        reply = line.getresponse()
        body = reply.read()
        assert reply.status == 200, body[:200]
    finally:
        line.close()
    return gzip.decompress(body) if reply.headers["Content-Encoding"] else body


def fetch_windows(server, plan, record):
    """Ask for the JSON pieces of a plan, again and in halves where one is thinned."""
    rows = {row.id: row for row in plan.wanted}
    clock = CLOCK_OF_FAMILY[plan.family]
    todo, windows, thinned = list(plan.of_kind("json")), [], 0
    while todo:
        piece = todo.pop(0)
        body = fetch(server, piece.query(record))
        window = parse_data(body, clock=clock, where=piece.key, window=piece.window)
        if any(is_thinned(held, rows[number]) for number, held in window.items()):
            todo = [*split(piece), *todo]
            thinned += 1
        else:
            windows.append(window)
    return windows, thinned


@pytest.fixture(scope="module")
def shirts():
    shirt = pytest.importorskip("hexoframe.simulator.shirt")
    return {
        "hexoskin": shirt.Shirt(seed=3, duration_s=330, record_id=41, activity="mixed"),
        "astroskin_256": shirt.Shirt(
            seed=4, family="astroskin_256", duration_s=330, record_id=41
        ),
        "astroskin_1000": shirt.Shirt(
            seed=5, family="astroskin_1000", duration_s=330, record_id=41
        ),
    }


@pytest.fixture
def served(shirts):
    """A maker of servers with one record, of a family or a shirt of its own."""
    pytest.importorskip("flask", reason="the simulated service needs Flask")
    from hexoframe.simulator.server import Switches, serve

    opened = []

    def make(family, **switches):
        shirt = shirts.get(family, family)
        context = serve(recordings=[shirt], switches=Switches(**switches))
        opened.append(context)
        return context.__enter__()

    yield make
    for context in opened:
        context.__exit__(None, None, None)


def span_of(shirt):
    return shirt.start, shirt.start + shirt.duration_ticks


@pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning")
@pytest.mark.parametrize("family", ["hexoskin", "astroskin_256", "astroskin_1000"])
def test_json_and_export_give_equal_frames(served, shirts, family, tmp_path):
    server = served(family)
    wanted = wanted_datatypes(family)
    plan = make_plan(family, span_of(shirts[family]), wanted, transport="json")
    assert len(plan.chunks) > 1
    windows, _ = fetch_windows(server, plan, 41)
    joined = join_windows(windows, where="record 41")
    frames = channel_frames(joined.samples, family, record_id=41)
    # Every sampled channel of 1/256 s has a sample on the borders.
    assert joined.duplicates[4113] == len(plan.chunks) - 1
    path = tmp_path / "record_41.zip"
    path.write_bytes(fetch(server, {"record": 41}, "application/octet-stream"))
    export = archive.read(path, ReadOptions())
    compared = 0
    for name, channel in channels_of(family).items():
        if all(row.carrier == "both" for row in channel.datatypes):
            if name in frames:
                pd.testing.assert_frame_equal(
                    frames[name], export[name], check_exact=True
                )
                compared += 1
            else:
                assert len(export[name]) == 0
    assert compared > 20


@pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning")
@pytest.mark.parametrize(
    "switches",
    [
        {"end_inclusive": False},
        {"empty_channels": "empty", "float_stamps": False},
        {"max_values": 20_000},
        {"max_values": 65_535},
    ],
    ids=str,
)
def test_frames_do_not_depend_on_how_the_server_reads_unclear_points(
    served, shirts, switches
):
    family = "hexoskin"
    plan = make_plan(
        family, span_of(shirts[family]), wanted_datatypes(family), transport="json"
    )
    windows, thinned = fetch_windows(served(family), plan, 41)
    expected = join_windows(windows, where="").samples
    windows, again = fetch_windows(served(family, **switches), plan, 41)
    found = join_windows(windows, where="").samples
    assert thinned == 0
    assert (again > 0) is (switches.get("max_values") == 20_000)
    for number, held in expected.items():
        same(found[number], held.ticks, held.values)
    # What is listed as empty has no samples.
    assert not any(len(found[n].ticks) for n in found.keys() - expected.keys())


def test_the_last_second_of_a_record_comes_with_the_last_window(served, shirts):
    shirt = shirts["hexoskin"]
    server = served("hexoskin", end_inclusive=False)
    wanted = wanted_datatypes("hexoskin", ["heart_rate"])
    plan = make_plan("hexoskin", span_of(shirt), wanted)
    windows, _ = fetch_windows(server, plan, 41)
    ticks = join_windows(windows, where="").samples[19].ticks
    assert ticks.tolist() == [shirt.start + 256 * n for n in range(1, 331)]


@pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning")
@pytest.mark.parametrize("inclusive", [True, False])
def test_parts_of_an_export_follow_each_other_without_a_seam(
    served, monkeypatch, tmp_path, inclusive
):
    shirt_of = pytest.importorskip("hexoframe.simulator.shirt").Shirt
    shirt = shirt_of(seed=3, duration_s=1000, record_id=41, activity="sleep")
    monkeypatch.setattr(plan_module, "ZIP_CHUNK_BYTES", 500_000)
    server = served(shirt, end_inclusive=inclusive)
    plan = make_plan("hexoskin", span_of(shirt), wanted_datatypes("hexoskin"))
    parts = []
    for piece in plan.of_kind("zip"):
        path = tmp_path / f"{piece.key}.zip"
        path.write_bytes(
            fetch(server, piece.query(41), accept="application/octet-stream")
        )
        parts.append((piece, archive.read(path, ReadOptions())))
    path = tmp_path / "whole.zip"
    path.write_bytes(fetch(server, {"record": 41}, accept="application/octet-stream"))
    whole = archive.read(path, ReadOptions())
    assert len(parts) == 5
    for row in plan.wanted:
        pieces = plan.chunks_of(row)
        if {piece.kind for piece in pieces} == {"zip"}:
            held = [part[row.channel] for piece, part in parts if piece in pieces]
            held = [frame for frame in held if len(frame)] or held[:1]
            joined = pd.concat(held) if len(held) > 1 else held[0]
            pd.testing.assert_frame_equal(joined, whole[row.channel], check_exact=True)
