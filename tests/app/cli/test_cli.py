"""The whole command: help and version, the demo and the simulator."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import hexoframe

ROOT = Path(__file__).parents[3]
NAMES = ["BASE_URL", "USERNAME", "PASSWORD", "API_KEY", "API_SECRET"]
HEAVY = {
    "flask",
    "importlib.metadata",
    "matplotlib",
    "numpy",
    "pandas",
    "pyarrow",
    "requests",
}

COMMANDS = [
    "menu", "records", "ranges", "annotations", "info", "estimate", "download",
    "range", "follow", "login", "logout", "whoami", "convert", "deidentify", "show",
    "plot", "report", "explore", "summary", "hrv", "beats", "breaths", "sleep", "cache",
    "channels", "demo", "simulate", "scripts",
]  # fmt: skip
WHOLE = [
    *([name] for name in COMMANDS),
    ["cache", "info"],
    ["cache", "clear"],
    *([kind, verb] for kind in ("ranges", "annotations")
      for verb in ("add", "update", "delete")),
]  # fmt: skip


# --- help and version ---------------------------------------------------------------


def test_help_and_version_load_nothing_heavy():
    asked = [["--version"], ["--help"], ["-h"], *([*names, "-h"] for names in WHOLE)]
    code = f"""
import sys
before = set(sys.modules)
from hexoframe.app.cli import main
for arguments in {asked}:
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as end:
        assert not end.code
print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Usage: hexoframe") == len(asked) - 1
    loaded = set(done.stderr.split())
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_the_version_is_that_of_the_package(run):
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"hexoframe {hexoframe.__version__}\n"


def test_help_names_every_command_in_a_whole_line(give):
    shown = give("--help").stdout
    for name in COMMANDS:
        (line,) = re.findall(rf"^  {name} .*$", shown, re.MULTILINE)
        assert line.endswith(".")
        assert not line.endswith("...")


@pytest.mark.parametrize("names", [[], *WHOLE], ids=" ".join)
def test_help_fits_eighty_columns_and_begins_with_a_sentence(give, names, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    result = give(*names, "--help")
    assert result.exit_code == 0
    usage, _, sentence, *rest = result.stdout.splitlines()
    assert usage.startswith(" ".join(["Usage: hexoframe", *names]))
    assert re.fullmatch(r"  [A-Z].*\.", sentence)
    assert all(len(line) <= 80 for line in rest)
    assert "..." not in "".join(rest).replace("A,B,...", "").replace("]...", "")
    # No words of how options are declared.
    assert not re.search(r"\[default|<=|>=|INTEGER|TEXT|RANGE", result.stdout)


@pytest.mark.parametrize("names", [[], *WHOLE], ids=" ".join)
def test_help_fits_a_narrow_terminal(give, names, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    shown = give(*names, "--help").stdout
    assert [line for line in shown.splitlines() if len(line) > 40] == []
    # Words stay whole where the line has room for them.
    assert re.search(r"Show\s+this\s+message\s+and\s+exit\.", shown)


def test_help_knows_no_option_for_a_secret(give):
    shown = "".join(give(*names, "--help").stdout for names in WHOLE)
    assert not re.search(r"--\S*(pass|secret|token|key)", shown)


# --- the commands -------------------------------------------------------------------


def test_demo_loads_a_record_writes_it_and_draws_it(run, samples, tmp_path):
    pytest.importorskip("flask", reason="the simulated service needs Flask")
    done = run("demo", samples / "hexoskin_10min.zip", "--to", tmp_path)
    assert done.returncode == 0, done.stderr
    assert ">>> record = hexoframe.load_record(" in done.stdout
    # A warning stands in a line, without the code that warned.
    told = [line for line in done.stderr.splitlines() if line.startswith("hexoframe:")]
    assert any("metrics" in line for line in told)
    assert ".py" not in done.stderr
    assert "%|" not in done.stderr  # nobody looks
    made = ["txt", "csv", "parquet", "overview.png"]
    assert {path.name for path in tmp_path.iterdir()} == {"cache", *made}
    steps = re.findall(r"^>>> (.*)$", done.stdout, re.MULTILINE)
    picture = tmp_path / "overview.png"
    assert steps[-1] == f'record.plot()[0].savefig("{picture.as_posix()}")'
    # It is the picture of the record that was written before it.
    (written,) = (tmp_path / "parquet").iterdir()
    given = run("plot", written, "--out", tmp_path / "plotted.png")
    assert given.returncode == 0, given.stderr
    assert read_pixels(picture).tolist() == read_pixels(given.stdout.strip()).tolist()
    assert read_pixels(picture).std() > 0.1


@pytest.mark.parametrize("quiet", [pytest.param(True, marks=pytest.mark.slow), False])
def test_demo_draws_its_bar_at_a_terminal_unless_it_is_to_be_quiet(terminal, quiet):
    child = terminal("demo", "--to", "out", *(["--quiet"] if quiet else []))
    assert ("%|" in child.read()) != quiet
    child.close()
    assert child.exitstatus == 0


def read_pixels(file):
    from matplotlib import image

    return image.imread(file)[..., :3].mean(axis=2)


@pytest.fixture
def simulated():
    """A maker of running `hexoframe simulate`, which gives it and what it printed."""
    pytest.importorskip("flask", reason="the simulated service needs Flask")
    running = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "hexoframe", "simulate", *map(str, arguments)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        lines = [process.stdout.readline().rstrip("\n") for _ in NAMES]
        return process, dict(line.split("=", 1) for line in lines)

    yield start
    for process in running:
        process.kill()
        process.communicate(timeout=10)


def status_of(told, path):
    manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    url = told["HEXOFRAME_BASE_URL"]
    manager.add_password(
        None, url, told["HEXOFRAME_USERNAME"], told["HEXOFRAME_PASSWORD"]
    )
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
    with opener.open(f"{url}{path}", timeout=20) as answer:
        return answer.status


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_simulate_prints_the_environment_and_serves_until_a_signal(simulated, how):
    process, told = simulated()
    assert list(told) == [f"HEXOFRAME_{name}" for name in NAMES]
    assert told["HEXOFRAME_BASE_URL"].startswith("http://127.0.0.1:")
    assert status_of(told, "/api/record/300001/") == 200
    process.send_signal(how)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def test_simulate_takes_a_port_and_several_exports(run, simulated, tmp_path):
    from hexoframe.simulator.export import write_export
    from hexoframe.simulator.shirt import Shirt, wear

    one, two = (
        write_export(
            wear(Shirt(record_id=number, duration_s=20)), tmp_path / f"{number}.zip"
        )
        for number in (501, 502)
    )
    first, told = simulated("--export", one)
    port = told["HEXOFRAME_BASE_URL"].rpartition(":")[2]
    taken = run("simulate", "--port", port)
    assert taken.returncode == 1
    assert f"port {port} is not available" in taken.stderr
    first.terminate()
    first.communicate(timeout=20)
    _, told = simulated("--port", port, "--export", one, two)
    assert told["HEXOFRAME_BASE_URL"].endswith(f":{port}")
    for number in (501, 502, 300001):
        assert status_of(told, f"/api/record/{number}/") == 200


def test_simulate_prints_what_the_client_reads(simulated, monkeypatch):
    _, told = simulated()
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert set(hexoframe.list_records()["id"]) == {300001, 300002, 300003, 300004}
