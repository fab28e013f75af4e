"""``hexoframe scripts``: the two scripts, and what they do at the service."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPTS = ["exampleScript.py", "exampleScript_UI.py"]


def written_to(give, folder):
    """Write the scripts, and return them by name."""
    result = give("scripts", "--to", folder)
    assert result.stdout.splitlines() == [str(folder / name) for name in SCRIPTS]
    return {name: folder / name for name in SCRIPTS}


def fill_in(script, **values):
    """Fill in first lines of a script, as a user does."""
    text = script.read_text()
    for name, value in values.items():
        old = next(line for line in text.splitlines() if line.startswith(f"{name} = "))
        text = text.replace(old, f"{name} = {value!r}", 1)
    script.write_text(text)


def run_script(script, **env):
    return subprocess.run(
        [sys.executable, "-W", "error", script],
        cwd=script.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def names_in(folder):
    return {path.name for path in folder.iterdir()}


def everything_below(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return b"".join(path.read_bytes() for path in files)


@pytest.fixture
def stranger(service, monkeypatch):
    """No login in the environment: it has to be filled in."""
    for name in ("USERNAME", "PASSWORD", "API_KEY", "API_SECRET"):
        monkeypatch.delenv(f"HEXOFRAME_{name}")
    return service


def test_the_scripts_are_written_once_and_left_alone(give, tmp_path):
    folder = tmp_path / "mine"
    scripts = written_to(give, folder)
    assert names_in(folder) == set(SCRIPTS)
    again = give("scripts", "--to", folder)
    assert again.exit_code == 0
    assert again.stderr.count("already there, unchanged") == 2
    fill_in(scripts["exampleScript.py"], username="me@example.org")
    mine = scripts["exampleScript.py"].read_text()
    refused = give("scripts", "--to", folder)
    assert refused.exit_code == 1
    assert "--overwrite" in refused.stderr
    assert scripts["exampleScript.py"].read_text() == mine
    assert give("scripts", "--to", folder, "--overwrite").exit_code == 0
    assert scripts["exampleScript.py"].read_text() != mine


def test_the_script_with_credentials_on_top_downloads_records(give, stranger, tmp_path):
    script = written_to(give, tmp_path / "mine")["exampleScript.py"]
    login = {
        "publicKey": stranger.api_key,
        "privateKey": stranger.api_secret,
        "username": stranger.username,
        "password": stranger.password,
    }
    fill_in(script, **login, records=[41, 999], folder=str(tmp_path / "out"))
    done = run_script(script)
    folder = tmp_path / "out" / stranger.username / "41"
    assert f"Session 41 - {stranger.username}\n" in done.stdout
    assert f"41: {folder}\n" in done.stdout
    assert done.returncode == 1
    assert done.stderr.startswith("999: ")
    assert {"acc.txt", "ecg.txt", "heartrate.txt", "info.txt"} <= names_in(folder)
    assert stranger.password not in done.stdout + done.stderr
    assert stranger.password.encode() not in everything_below(tmp_path / "out")
    fill_in(script, records=[])
    done = run_script(script)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3
    fill_in(script, password="wrong")  # noqa: S106
    done = run_script(script)
    assert done.returncode == 1
    assert done.stderr.startswith("login_invalid: ")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_script_takes_what_is_left_empty_from_the_environment(
    give, service, tmp_path
):
    script = written_to(give, tmp_path)["exampleScript.py"]
    fill_in(script, records=[41], folder=str(tmp_path / "out"))
    done = run_script(script, **service.environment())
    assert (done.returncode, done.stderr) == (0, "")


def test_the_interface_asks_lists_tells_and_downloads(
    give, stranger, terminal, tmp_path
):
    script = written_to(give, tmp_path)["exampleScript_UI.py"]
    keys = {"publicKey": stranger.api_key, "privateKey": stranger.api_secret}
    fill_in(script, **keys, folder=str(tmp_path / "out"))
    child = terminal(line=shlex.join([sys.executable, str(script)]))
    told = ""

    def answer(question, text):
        nonlocal told
        child.expect_exact(question)
        told += child.before
        child.sendline(text)

    answer("User (e-mail): ", stranger.username)
    answer("Password (not shown): ", "wrong")
    answer("User (e-mail): ", stranger.username)
    assert "login_invalid" in told
    answer("Password (not shown): ", stranger.password)
    answer("Choice: ", "1")
    answer("Choice: ", "2")
    assert f"Session 41 - {stranger.username}" in told
    answer("Record: ", "41")
    answer("Choice: ", "2")
    assert "status : complete" in told
    answer("Record: ", "first")
    answer("Choice: ", "3")
    assert "'first'" in told
    answer("Records, with commas between: ", "41, 999")
    answer("Choice: ", "4")
    folder = tmp_path / "out" / stranger.username / "41"
    assert f"41: {folder}" in told
    assert "999: " in told
    answer("Choice: ", "5")
    answer("Choice: ", "q")
    assert "'5' is not one of 1, 2, 3, 4 and q." in told
    told += child.read()
    child.close()
    assert child.exitstatus == 0
    assert {"acc.txt", "heartrate.txt", "annotations.txt"} <= names_in(folder)
    assert stranger.password not in told
    assert stranger.password.encode() not in everything_below(tmp_path)


def test_the_interface_ends_where_nobody_is_named(give, terminal, tmp_path):
    script = written_to(give, tmp_path)["exampleScript_UI.py"]
    child = terminal(line=shlex.join([sys.executable, str(script)]))
    child.expect_exact("User (e-mail): ")
    child.sendline("")
    assert "Nobody is logged in." in child.read()
    child.close()
    assert child.exitstatus == 1
