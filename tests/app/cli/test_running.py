"""How commands end: errors in a line, exit codes, and the options that all have."""

from __future__ import annotations

import errno
import os
import re
import warnings
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hexoframe.app.cli.running import Commands
from hexoframe.errors import ConfigurationError, SkippedChannelWarning

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "data" / "samples" / "hexoskin_10min.zip"


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
    told = "hexoframe: /x: permission denied\n"
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


# --- what a person at a terminal reads ------------------------------------------------


def test_messages_are_wrapped_at_words_to_the_terminal(terminal):
    for columns in (40, 80):
        child = terminal("show", "/no/such/folder/at/all", columns=columns)
        lines = child.read().splitlines()
        child.close()
        assert child.exitstatus == 1
        # No word is broken, not even a path.
        assert all(len(line) <= columns or " " not in line.strip() for line in lines)
        assert lines[0].startswith("hexoframe: /no/such/folder/at/all ")
        assert all(line.startswith("  ") for line in lines[1:])
        told = " ".join(" ".join(lines).split())
        assert "does not exist, and nothing matches it as a pattern" in told


def test_a_wrong_command_line_is_wrapped_too(terminal):
    lines = terminal("download", "41", "--tz", "UTC", columns=40).read().splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("Error: "))
    assert all(len(line) <= 40 for line in lines[at:])
    assert " ".join(" ".join(lines[at:]).split()) == (
        "Error: --tz goes with --timestamps string."
    )


def test_elsewhere_a_message_is_one_line(run):
    done = run("show", "/no/such/folder" * 9)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["download", "convert", "plot", "report", "demo"])
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_done(
    give, service, tmp_path, command
):
    file = tmp_path / "a file"
    file.touch()
    arguments = {
        "download": ["41", "--to", file / "out"],
        "convert": [SAMPLE, "--to", file],
        "plot": ["41", "--out", file / "picture.png"],
        "report": ["41", "--out", file / "page.html"],
        "demo": ["--to", file / "out"],
    }[command]
    result = give(command, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    way = "--out" if command in {"plot", "report"} else "--to"
    (line,) = result.stderr.splitlines()
    assert re.fullmatch(
        rf"hexoframe: nothing can be written into {re.escape(str(file))}\S* "
        rf"\(not a directory\): choose another folder with {way}",
        line,
    )
    assert service.log == []


def test_a_folder_without_leave_to_write_is_told_so(give, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", "x")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    result = give("convert", SAMPLE, "--to", tmp_path / "out")
    assert result.exit_code == 1
    assert "(permission denied): choose another folder with --to" in result.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "here"]


def test_a_folder_is_not_made_by_the_check_alone(give, tmp_path):
    result = give("convert", "nothing.zip", "--to", tmp_path / "new" / "out")
    assert result.exit_code == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["info", "999"],
        ["show", SAMPLE, "--start", "2030-01-01T00:00:00Z"],
        ["show", SAMPLE, "--start", "437610000000", "--end", "437610100000"],
        ["show", "41", "--start", "2030-01-01T00:00:00Z"],
        ["show", "41", "--end", "2010-01-01T00:00:00Z"],
        ["convert", "png.zip"],
        ["convert", "bytes.wav"],
        ["show", "empty"],
    ],
    ids=lambda each: " ".join(map(str, each)).replace(str(SAMPLE), "sample"),
)
@pytest.mark.usefixtures("service")
def test_no_message_shows_what_only_a_programmer_reads(give, arguments):
    Path("png.zip").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    Path("bytes.wav").write_bytes(b"\x00\x01RIFX" * 9)
    Path("empty").mkdir()
    result = give(*arguments)
    assert result.exit_code == 1
    assert not re.search(r"\bNone\b|\bb['\"]|Errno|\b\d{12,}\b|/api/", result.stderr)
