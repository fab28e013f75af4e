"""``hexoframe follow``: a record while it is recorded, in made time."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from hexoframe.app.livefile import LiveFile
from hexoframe.errors import ConfigurationError, FileFormatError
from hexoframe.simulator.server import Growth, serve
from hexoframe.simulator.shirt import Shirt

pytest.importorskip("flask", reason="the simulated service needs Flask")
pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")

MINUTE = Shirt(seed=1, duration_s=60, record_id=41)
CHANNELS = "heart_rate,breathing_rate,rr"


class MadeTime:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def made(monkeypatch):
    """A clock that the waits of every client move."""
    made = MadeTime()
    from hexoframe.api.http.session import ServiceSession

    def pause(_, seconds):
        made.now += seconds

    monkeypatch.setattr(ServiceSession, "pause", pause)
    return made


@pytest.fixture
def growing(made, worn, unpaced, own_config, monkeypatch):
    del own_config
    growth = Growth(record=41, clock=made, late=0.1, doubled=0.1)
    with serve(recordings=[worn(MINUTE)], growing=[growth]) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield unpaced(server)


def whole(client):
    """The lines of the live channels of the complete record."""
    record = client.load_record(41, channels=CHANNELS.split(","))
    lines = [
        (time.isoformat().replace("+00:00", ""), name, value)
        for name in record
        for time, value in record[name][name].items()
    ]
    return sorted((pd.Timestamp(t), n, v) for t, n, v in lines)


def lines_of(path):
    table = pd.read_csv(path, dtype=str)
    times = pd.to_datetime(table["time"], format="ISO8601", utc=True)
    assert times.is_monotonic_increasing
    return sorted(
        zip(
            times.dt.tz_localize(None),
            table["channel"],
            table["value"].map(float),
            strict=True,
        )
    )


@pytest.mark.usefixtures("growing")
def test_a_line_a_look_until_the_record_is_complete(give):
    result = give("follow", "41", "--channels", CHANNELS)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    pattern = (
        r"2024-\d\d-\d\d \d\d:\d\d:\d\d +\d+ new(  heart rate [\d.]+ bpm)?"
        r"(  breathing rate [\d.]+ breaths/min)?  (realtime|complete)"
    )
    assert all(re.fullmatch(pattern, line) for line in lines)
    assert lines[-1].endswith("0 new  complete")
    assert len(lines) > 3


def test_all_samples_are_in_the_file_once_and_in_order(growing, give, new_client):
    result = give("follow", "41", "--channels", CHANNELS, "--to", "live")
    assert result.exit_code == 0
    path = result.stdout.splitlines()[-1]
    assert path.endswith("live_41.csv")
    with new_client(growing) as client:
        assert lines_of(path) == whole(client)


def test_a_killed_process_goes_on_without_a_hole_and_without_a_double(
    growing, give, made, new_client, monkeypatch, tmp_path
):
    """Killed while it writes: half a line is on the disk."""

    class KilledError(BaseException):
        pass

    add = LiveFile.add
    lives = iter(range(100))

    def die(self, frames):
        add(self, frames)
        if next(lives) % 2:
            with self.path.open("ab") as file:
                file.write(b"2024-03-01T22:00:3")
            raise KilledError

    monkeypatch.setattr(LiveFile, "add", die)
    given = ("follow", "41", "--channels", CHANNELS, "--to", tmp_path)
    died, result = 0, None
    while result is None:
        try:
            result = give(*given)
        except KilledError:
            died += 1
            made.now += 7
    assert died > 1
    assert result.exit_code == 0, result.output
    with new_client(growing) as client:
        assert lines_of(tmp_path / "live_41.csv") == whole(client)


def test_a_record_that_is_given_up_ends_with_one(
    made, worn, give, unpaced, own_config, monkeypatch
):
    del own_config
    growth = Growth(record=41, clock=made, stale_s=float("inf"))
    with serve(recordings=[worn(MINUTE)], growing=[growth]) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        unpaced(server)
        result = give("follow", "41", "--channels", "heart_rate", "--patience", "1min")
    assert result.exit_code == 1
    assert "realtime" in result.stdout.splitlines()[-1]


@pytest.mark.usefixtures("growing")
def test_ctrl_c_says_what_came(give, monkeypatch):
    from hexoframe.api.http.session import ServiceSession

    calls = []
    usual = ServiceSession.pause

    def pause(self, seconds):
        calls.append(seconds)
        if len(calls) > 4:
            raise KeyboardInterrupt
        usual(self, seconds)

    monkeypatch.setattr(ServiceSession, "pause", pause)
    result = give("follow", "41", "--channels", CHANNELS, "--to", "live")
    assert result.exit_code == 130
    assert re.search(
        r"interrupted: \d+ samples came, to 2024-\S+ \S+ UTC in .*live_41.csv; the "
        "same command goes on there",
        " ".join(result.stderr.split()),
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--every", "1ms"], "--every '1ms': give 0.2 s or more"),
        (["--patience", "never"], "--patience 'never': give a length of time"),
        (["--channels", "hart_rate"], "no channel 'hart_rate'"),
    ],
)
@pytest.mark.usefixtures("growing")
def test_wrong_options_are_told(give, given, said):
    result = give("follow", "41", *given)
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.usefixtures("growing")
def test_an_id_that_is_none_makes_no_file(give, tmp_path):
    result = give("follow", "../41", "--to", tmp_path / "live")
    assert result.exit_code == 1
    assert "give a whole number" in result.stderr
    assert not (tmp_path / "live").exists()


def test_a_file_of_another_kind_is_left_as_it_is(tmp_path):
    path = tmp_path / "live_41.csv"
    path.write_text("mine\n")
    with (
        pytest.raises(FileFormatError, match="is another file"),
        LiveFile(tmp_path, 41),
    ):
        pass
    assert path.read_text() == "mine\n"
    path.write_text("time,channel,value\n2024-03-01T22:00:01Z,heart_rate,x\n")
    with (
        LiveFile(tmp_path, 41) as file,
        pytest.raises(FileFormatError, match="holds a line"),
    ):
        file.seen()


def test_two_processes_do_not_write_one_file(tmp_path):
    with LiveFile(tmp_path, 41) as file:
        with (
            pytest.raises(ConfigurationError, match="by another process"),
            LiveFile(tmp_path, 41),
        ):
            pass
        assert file.seen() == {}
    assert [path.name for path in tmp_path.iterdir()] == ["live_41.csv"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_process_that_is_killed_goes_on_without_a_hole(
    worn, tmp_path, monkeypatch, new_client
):
    """In real time, twenty times as fast: SIGKILL, wherever it is at that moment."""
    shirt = Shirt(seed=7, duration_s=300, record_id=41)
    growth = Growth(record=41, speed=20, late=0.1, doubled=0.1)
    command = [
        sys.executable, "-m", "hexoframe", "-q", "follow", "41", "--every", "0.5s",
        "--channels", CHANNELS, "--to", str(tmp_path),
    ]  # fmt: skip
    with serve(recordings=[worn(shirt)], growing=[growth]) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        for life in (3.0, 2.1, 4.3):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            time.sleep(life)
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
        assert server.most_in_a_second() <= 5
        with new_client(server) as client:
            assert lines_of(tmp_path / "live_41.csv") == whole(client)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_two_followers_and_a_download_keep_to_five_requests_a_second(
    worn, tmp_path, monkeypatch
):
    """In three processes, as fast as they may."""
    growth = Growth(record=41, speed=5)
    other = Shirt(seed=8, duration_s=5400, record_id=42)
    with serve(recordings=[worn(MINUTE), worn(other)], growing=[growth]) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        start = [sys.executable, "-m", "hexoframe", "-q"]
        commands = [
            [*start, "follow", "41", "--every", "0.2s", "--to", "one"],
            [*start, "follow", "41", "--every", "0.2s", "--to", "two"],
            [*start, "download", "42", "--format", "parquet", "--channels",
             "device_position,ecg,rr,heart_rate"],
        ]  # fmt: skip
        running = [
            subprocess.Popen(one, cwd=tmp_path, stdout=subprocess.DEVNULL)
            for one in commands
        ]
        assert [one.wait(timeout=240) for one in running] == [0, 0, 0]
        paths = [entry.path for entry in server.log]
        assert sum("record/41" in path for path in paths) > 10
        assert sum("record=42" in path for path in paths) > 3
        assert server.most_in_a_second() <= 5
    files = [tmp_path / name / "live_41.csv" for name in ("one", "two")]
    assert lines_of(files[0]) == lines_of(files[1])
