"""The command line: help without weight, errors in a line, exit codes, signals."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import urllib.request
import warnings
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import hexoframe
from hexoframe.app.cli.commands import Commands
from hexoframe.errors import ConfigurationError, SkippedChannelWarning

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "data" / "samples" / "hexoskin_10min.zip"
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
    "menu", "records", "ranges", "info", "estimate", "download", "range", "login",
    "logout", "whoami", "convert", "show", "plot", "cache", "channels", "demo",
    "simulate",
]  # fmt: skip
WHOLE = [*([name] for name in COMMANDS), ["cache", "info"], ["cache", "clear"]]


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
    # Words for people, and not for who knows how options are declared.
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


# --- how commands end ---------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["simulate", "--port", "99999"], ["simulate", "--port", "x"],
     ["simulate", "--export"], ["demo", "--from", "x"], ["demo", "a", "b"]],
    ids=" ".join,
)  # fmt: skip
def test_a_command_line_that_is_not_understood_ends_with_2(run, arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["demo", "no such file"], "no such file does not exist"),
        (["demo", "README.md"], "README.md"),
        (["simulate", "--export", "README.md"], "README.md is no export"),
        (["simulate", "README.md"], "README.md is no export"),
        (["simulate", "--certificate", "README.md"], "README.md cannot be served"),
    ],
    ids=str,
)
def test_an_error_is_told_in_a_line_and_ends_with_1(run, tmp_path, arguments, said):
    more = ["--to", tmp_path] if arguments[0] == "demo" else []
    done = run(*arguments, *more)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert re.match(f"hexoframe: .*{said}", line)


@pytest.mark.parametrize("first", [True, False])
def test_debug_shows_the_traceback(run, first):
    arguments = ["simulate", "--export", "README.md"]
    done = run(*(["--debug", *arguments] if first else [*arguments, "--debug"]))
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "hexoframe.errors.ConfigurationError: README.md" in done.stderr


@pytest.fixture
def ending():
    """A maker of a command that ends with an exception, which is run at once."""

    def make(error, *arguments):
        group = Commands("tool")

        @click.command()
        def end():
            raise error

        group.add_section("Commands", end)
        return CliRunner().invoke(group, [*arguments, "end"])

    return make


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_ends_with_130_and_says_one_line(ending, error):
    result = ending(error)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "hexoframe: interrupted\n"


def test_an_error_of_several_lines_is_told_in_one(ending):
    result = ending(ConfigurationError("one\ntwo"))
    assert (result.exit_code, result.output) == (1, "hexoframe: one two\n")


def test_what_was_noted_on_an_error_is_told_in_a_second_line(ending):
    error = ConfigurationError("it failed")
    error.add_note("half of it\nis kept")
    assert (
        ending(error).stderr == "hexoframe: it failed\nhexoframe: half of it is kept\n"
    )


def test_an_error_tells_the_option_and_not_the_argument(ending):
    result = ending(ConfigurationError("it exists: say overwrite=True"))
    assert result.stderr == "hexoframe: it exists: say --overwrite\n"


def test_an_error_of_the_system_is_told_in_a_line(ending):
    result = ending(PermissionError(errno.EACCES, "Permission denied", "/x"))
    told = "hexoframe: [Errno 13] Permission denied: '/x'\n"
    assert (result.exit_code, result.output) == (1, told)
    assert isinstance(ending(OSError("bad"), "--debug").exception, OSError)


def test_an_error_without_words_has_at_least_a_name(ending):
    assert ending(ConfigurationError("")).output == "hexoframe: ConfigurationError\n"


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(ending):
    result = ending(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    assert (result.exit_code, result.output) == (1, "")


def test_warnings_of_hexoframe_are_told_in_a_line_and_others_as_usual():
    group = Commands("tool")

    @click.command()
    def end():
        warnings.warn("left\nout", SkippedChannelWarning, stacklevel=1)
        warnings.warn("other", ImportWarning, stacklevel=1)

    group.add_section("Commands", end)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        others = []
        warnings.showwarning = lambda message, *_, **__: others.append(str(message))
        result = CliRunner().invoke(group, ["end"])
    assert (result.exit_code, result.output) == (0, "hexoframe: left out\n")
    assert others == ["other"]


def test_a_fault_of_hexoframe_itself_keeps_its_traceback(ending):
    assert isinstance(ending(ZeroDivisionError("bug")).exception, ZeroDivisionError)


# --- options of every command -------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["--password", "hunter2", "records"],
        ["records", "--password", "hunter2"],
        ["records", "--password=hunter2"],
        ["download", "41", "--token=hunter2"],
        ["menu", "--passwd", "hunter2"],
        ["login", "--api-secret", "hunter2"],
        ["login", "--client-secret=hunter2"],
        ["cache", "info", "--password=hunter2"],
        ["records", "--username", "me", "--password", "hunter2"],
        ["--user", "me", "--password=hunter2", "records"],
        ["cache", "inf", "--password=hunter2"],
        ["record", "--Password", "hunter2"],
    ],
    ids=" ".join,
)
def test_a_secret_on_the_command_line_is_refused_with_the_way_out(give, arguments):
    result = give(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "HEXOFRAME_PASSWORD" in result.stderr
    assert "be asked" in result.stderr
    assert "hunter2" not in result.stderr


def test_another_option_that_does_not_exist_is_just_that(give):
    result = give("records", "--colour")
    assert result.exit_code == 2
    assert "HEXOFRAME_PASSWORD" not in result.stderr


@pytest.mark.parametrize("first", [True, False])
def test_quiet_leaves_warnings_out_and_verbose_tells_every_request(
    give, service, first
):
    def told(option):
        return give(*([option, "whoami"] if first else ["whoami", option])).stderr

    assert told("--quiet") == ""
    lines = told("--verbose").splitlines()
    assert any(line.endswith("/api/account/") for line in lines)
    secrets = (service.password, service.api_secret)
    assert not any(secret in line for secret in secrets for line in lines)
    # The next command is not verbose for that.
    assert give("whoami").stderr == ""


def test_quiet_leaves_the_warnings_of_hexoframe_out():
    group = Commands("tool")

    @click.command()
    def end():
        warnings.warn("left out", SkippedChannelWarning, stacklevel=1)

    group.add_section("Commands", end)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert CliRunner().invoke(group, ["end"]).stderr == "hexoframe: left out\n"
        assert CliRunner().invoke(group, ["end", "-q"]).stderr == ""


def test_what_a_terminal_cannot_show_is_escaped_and_no_error(run, tmp_path):
    folder = tmp_path / "f\u00fcr_\u4e2d"
    known = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = run("convert", SAMPLE, "--to", folder, env=known, encoding="latin-1")
    assert done.returncode == 0
    assert "f\u00fcr_\\u4e2d" in done.stdout


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


@pytest.mark.parametrize("quiet", [True, False])
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
