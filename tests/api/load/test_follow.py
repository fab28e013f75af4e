"""A record that is followed while it is recorded, in made time: no test waits."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest

from hexoframe.errors import (
    ConfigurationError,
    HexoframeError,
    HexoframeWarning,
    ResponseError,
    UnfinishedRecordWarning,
    UnknownChannelError,
    UnreachableError,
)
from hexoframe.simulator.server import Growth, ServerFault, Switches, serve
from hexoframe.simulator.shirt import Shirt

pytest.importorskip("flask", reason="the simulated service needs Flask")
pytestmark = pytest.mark.filterwarnings(
    "ignore:record 41 is not complete yet:hexoframe.errors.UnfinishedRecordWarning",
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning",
)

TEN_MINUTES = Shirt(seed=7, duration_s=600, record_id=41, activity="mixed")
MINUTE = Shirt(seed=1, duration_s=60, record_id=41)
RATES = ["heart_rate", "breathing_rate", "rr_interval"]


class MadeTime:
    """A clock that waits move, and nothing else."""

    def __init__(self):
        self.now = 1000.0
        self.waits = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def made():
    return MadeTime()


@pytest.fixture
def growing(worn, made, new_client):
    """A maker of a server with a growing record, and a client of it in made time."""
    with contextlib.ExitStack() as opened:

        def start(shirt=MINUTE, switches=None, **how):
            growth = Growth(record=41, clock=made, **how)
            server = opened.enter_context(
                serve(
                    recordings=[worn(shirt)],
                    growing=[growth],
                    switches=Switches(**(switches or {})),
                )
            )
            policy = {"sleep": made.sleep}
            client = opened.enter_context(new_client(server, policy=policy))
            return server, client

        yield start


def joined(parts, name):
    frames = [part.frames[name] for part in parts if name in part.frames]
    return pd.concat(frames).sort_index() if frames else pd.DataFrame()


def assert_all_once(parts):
    """All parts together hold the live channels of the record, each sample once."""
    record = parts[-1].record
    live = [name for name in record if record.channel(name).kind in {"rate", "event"}]
    for name in live:
        together, whole = joined(parts, name), record[name]
        assert together.index.equals(whole.index), name
        assert np.array_equal(together.to_numpy(), whole.to_numpy(), equal_nan=True)
    return live


# -- what comes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shirt", "end_inclusive"), [(TEN_MINUTES, True), (MINUTE, False)]
)
def test_ten_minutes_with_late_and_doubled_samples_equal_the_whole_record(
    growing, shirt, end_inclusive
):
    switches = {"end_inclusive": end_inclusive}
    _, client = growing(shirt, late=0.1, doubled=0.1, switches=switches)
    parts = list(client.follow(41))
    assert len(assert_all_once(parts)) > 20
    # Late values came while it was recorded, not only with the whole record.
    assert parts[-1].samples == 0
    assert parts[-1].is_complete
    assert "ecg" in parts[-1].record
    assert not any(part.is_last for part in parts[:-1])


def test_samples_that_come_later_than_a_look_asks_for_are_in_the_last_part(growing):
    shirt = Shirt(seed=1, duration_s=180, record_id=41)
    _, client = growing(shirt, late=0.1, late_s=90)
    *before, last = client.follow(41, channels=RATES)
    assert last.samples > 20
    assert sum(map(len, (part["heart_rate"] for part in before))) < 180
    assert_all_once([*before, last])


def test_a_part_is_a_mapping_of_the_channels_with_new_samples(growing):
    _, client = growing()
    for part in client.follow(41, channels=["heart_rate", "step"]):
        if part.samples:
            break
    assert list(part) == ["heart_rate"]
    assert 19 in part
    assert "step" not in part
    assert part["step"].empty
    assert part[19].attrs["hexoframe"]["units"] == {"heart_rate": "bpm"}
    assert part.until == part["heart_rate"].index[-1]
    assert repr(part) == (
        f"<LivePart of record 41: {len(part[19])} samples of 1 channels to "
        f"{part.until:%Y-%m-%d %H:%M:%S} UTC, realtime>"
    )


def test_a_complete_record_comes_in_one_part(growing, made):
    _, client = growing(begun_s=10_000)
    (part,) = client.follow(41, channels=RATES)
    assert part.is_complete
    assert len(part["heart_rate"]) == 60
    assert made.waits == []


def test_a_start_leaves_out_what_came_before_it(growing):
    _, client = growing(begun_s=30)
    parts = list(client.follow(41, channels=["heart_rate", "step"], start="20s"))
    assert_all_once(parts)
    # The value that is stamped with the start is of the second before it.
    assert len(joined(parts, "heart_rate")) == 40


def test_what_the_caller_has_does_not_come_again_and_a_hole_in_it_does(growing):
    _, client = growing(begun_s=50)
    part = next(client.follow(41, channels=["heart_rate"]))
    have = part["heart_rate"].drop(part["heart_rate"].index[10:20])
    parts = list(client.follow(41, channels=["heart_rate"], seen={"heart_rate": have}))
    rest = joined(parts, "heart_rate")
    assert not rest.index.isin(have.index).any()
    whole = pd.concat([have, rest]).sort_index()
    assert whole.index.equals(parts[-1].record["heart_rate"].index)


def test_an_open_end_is_followed(growing, made):
    start = 1_709_330_400
    made.now = start
    shirt = Shirt(seed=7, duration_s=60, record_id=41, start=start * 256)
    # The client takes the present time for the end of a record without one.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hexoframe.api.load.recordhead.time.time", made)
        _, client = growing(shirt, open_end=True)
        parts = list(client.follow(41, channels=RATES))
    assert_all_once(parts)


def test_an_astroskin_is_known_as_soon_as_its_channels_come(growing):
    shirt = Shirt(seed=3, duration_s=120, record_id=41, family="astroskin_256")
    _, client = growing(shirt)
    parts = list(client.follow(41, channels=["spo2", "heart_rate"]))
    assert {part.family for part in parts} == {"astroskin_256"}
    assert len(joined(parts, "spo2")) == 120


def test_the_other_clock_is_followed_too(growing):
    shirt = Shirt(seed=3, duration_s=120, record_id=41, family="astroskin_1000")
    _, client = growing(shirt, late=0.1, doubled=0.1)
    assert_all_once(list(client.follow(41)))


def test_waveforms_are_said_to_come_later_once(growing):
    _, client = growing()
    with pytest.warns(UnfinishedRecordWarning, match=r"has no ecg, .* until") as said:
        list(client.follow(41))
    assert len(said) == 1


def test_waveforms_alone_are_followed_by_nobody(growing, made):
    _, client = growing()
    with pytest.raises(ConfigurationError, match="none of ecg comes until then"):
        next(client.follow(41, channels=["ecg"]))
    made.now += 10_000
    (part,) = client.follow(41, channels=["ecg"])
    assert len(part.record["ecg"]) == 60 * 256


# -- when it ends ----------------------------------------------------------------------


def test_a_status_that_stays_realtime_ends_after_patience(growing, made):
    _, client = growing(stale_s=float("inf"))
    with pytest.warns(UnfinishedRecordWarning) as said:
        parts = list(client.follow(41, channels=["heart_rate"], patience="5min"))
    assert "still 'realtime', and nothing came for" in str(said[0].message)
    assert not parts[-1].is_complete
    assert len(parts[-1].record["heart_rate"]) == 60
    # The last sample came after 80 s; five minutes later it was given up.
    assert made.now - 1000 < 80 + 300 + 120 + 60


def test_waits_grow_while_nothing_comes_and_shrink_again(growing, made):
    _, client = growing(delay_s=100)
    part = next(client.follow(41, channels=["heart_rate"], every="10s"))
    assert part.samples
    assert made.waits == [10, 20, 40, 80]
    made.waits.clear()
    follower = client.follow(41, channels=["heart_rate"], every="10s")
    next(follower)
    next(follower)
    assert made.waits == [10]


def test_every_look_takes_two_requests(growing):
    server, client = growing(TEN_MINUTES)
    follower = client.follow(41, channels=["heart_rate"])
    next(follower)
    server.clear_log()
    for _ in range(5):
        next(follower)
    assert len(server.log) == 10


def test_no_look_asks_the_same_as_another(growing):
    """A service that caches its answers would give the old one again."""
    server, client = growing(delay_s=100)
    list(client.follow(41, channels=["heart_rate"]))
    asked = [e.path for e in server.log if "/api/data/?record=41&datatype=19" in e.path]
    assert len(asked) > 5
    assert len(set(asked)) == len(asked)


def test_a_service_that_fails_is_asked_again_later(growing):
    server, client = growing(late=0.1, doubled=0.1)
    follower = client.follow(41, channels=RATES)
    parts = [next(follower)]
    server.faults.add(ServerFault(kind="drop", times=40))
    parts += follower
    assert not server.faults.pending
    assert_all_once(parts)


def test_a_service_that_stays_away_ends_it_after_patience(growing):
    server, client = growing()
    follower = client.follow(41, channels=RATES, patience="2min")
    next(follower)
    server.faults.add(ServerFault(kind="drop", times=None))
    with pytest.raises(UnreachableError):
        next(follower)


def test_a_page_in_the_place_of_an_answer_is_asked_again(growing):
    server, client = growing()
    follower = client.follow(41, channels=["heart_rate"])
    parts = [next(follower)]
    server.faults.add(ServerFault(kind="content_type", times=3, path="/api/data/"))
    parts += follower
    assert_all_once(parts)


def test_a_look_that_fails_half_way_loses_nothing(growing):
    """The samples came, and what tells the model of the device did not."""
    server, client = growing(begun_s=30)
    follower = client.follow(41, channels=RATES)
    fault = ServerFault(kind="status", path="/api/data/", skip=1, times=6)
    server.faults.add(fault)
    parts = list(follower)
    assert not server.faults.pending
    # Not with the whole record: the next look asked for all of it again.
    assert parts[-1].samples == 0
    assert_all_once(parts)


@pytest.mark.parametrize(
    ("seen", "error", "said"),
    [
        ({"heart_rate": [70]}, ConfigurationError, "a list without for 'heart_rate'"),
        ({"hart_rate": pd.DataFrame()}, UnknownChannelError, "no channel 'hart_rate'"),
        ({19: pd.DataFrame({"x": [1]}, ["a"])}, ConfigurationError, "without for 19"),
        (
            {19: pd.DataFrame({"x": [1]}, pd.DatetimeIndex(["2024-03-01"]))},
            HexoframeError,
            "naive times",
        ),
    ],
)
def test_what_the_caller_has_must_be_frames_of_channels(growing, seen, error, said):
    _, client = growing()
    with pytest.raises(error, match=said):
        next(client.follow(41, seen=seen))


def test_ctrl_c_says_what_came(growing, made):
    _, client = growing()
    follower = client.follow(41, channels=["heart_rate"])
    part = next(follower)
    made.sleep = None

    def interrupted(_):
        raise KeyboardInterrupt

    client.session._retries = type(client.session._retries)(sleep=interrupted)
    with pytest.raises(KeyboardInterrupt) as stopped:
        next(follower)
    (note,) = stopped.value.__notes__
    count = len(part["heart_rate"])
    assert note.startswith(f"record 41: {count} samples of 1 channels came, to 2024")


def test_a_value_that_the_whole_record_has_otherwise_is_told(growing, monkeypatch):
    _, client = growing()
    load = client.load_record

    def other(*args, **how):
        record = load(*args, **how)
        frame = record["heart_rate"].copy()
        frame.iloc[7] += 1
        return record.replace(heart_rate=frame.drop(frame.index[9]))

    monkeypatch.setattr(client, "load_record", other)
    with pytest.warns(
        HexoframeWarning, match=r"heart_rate .* has 1 with another value, and 1 not"
    ):
        list(client.follow(41, channels=["heart_rate"]))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"every": "0.1s"}, "every='0.1s'"),
        ({"every": "15"}, "every='15'"),
        ({"late": "-1s"}, "late='-1s'"),
        ({"patience": 0}, "patience=0"),
        ({"seen": [1]}, "seen= is a list"),
    ],
)
def test_lengths_that_are_not_allowed_are_refused_before_a_request(growing, how, said):
    server, client = growing()
    server.clear_log()
    with pytest.raises(ConfigurationError, match=said):
        client.follow(41, **how)
    assert server.log == []


def test_a_tick_with_two_values_in_one_look_is_not_taken(growing, monkeypatch):
    """An answer that contradicts itself is asked for again, and never guessed."""
    _, client = growing()
    from hexoframe.api.load import follow

    usual, tried = follow.join_windows, []

    def broken(windows, *, where):
        tried.append(where)
        if len(tried) == 2:
            raise ResponseError("tick came with two values")
        return usual(windows, where=where)

    monkeypatch.setattr(follow, "join_windows", broken)
    assert_all_once(list(client.follow(41, channels=["heart_rate"])))


# -- the pace --------------------------------------------------------------------------


def test_two_followers_and_a_download_keep_to_five_requests_a_second(
    growing, made, tmp_path, new_client
):
    """Each has a limiter of its own, as in a process of its own; they share a file."""
    from hexoframe.api.http.limiter import Limiter

    server, _ = growing(TEN_MINUTES, begun_s=120)
    starts = []

    class Clocked(Limiter):
        def wait(self):
            super().wait()
            starts.append(made.now)

    def client():
        limiter = Clocked("h", tmp_path, now=made, wall=made, sleep=made.sleep)
        return new_client(server, limiter=limiter, policy={"sleep": made.sleep})

    with client() as one, client() as two, client() as three:
        followers = [
            each.follow(41, channels=["heart_rate"], every="0.2s")
            for each in (one, two)
        ]
        for _ in range(4):
            for follower in followers * 3:
                next(follower)
            with pytest.warns(UnfinishedRecordWarning):
                three.load_record(41, waveforms=False, progress=False)
    assert len(starts) > 60
    times = np.array(starts)
    most = max(np.searchsorted(times, times + 1) - np.arange(len(times)))
    assert most <= 5
