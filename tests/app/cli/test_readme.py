"""What README says of scripts and of the shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hexoframe.simulator.server import serve

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
def test_the_script_for_a_list_of_records(service, new_client, tmp_path, same):
    (code,) = re.findall(
        r"<!-- script: download -->\n```python\n(.*?)```", README, re.DOTALL
    )
    code = code.replace("[12345, 12346]", "[41, 999, 42]")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    first, second, third = done.stdout.splitlines()
    assert first == f"41 -> {Path('HexoskinData', service.username, '41')}"
    assert re.match("999 skipped: .*does not exist", second)
    assert third.startswith("42 -> ")
    with new_client(service) as client:
        for number in (41, 42):
            client.load_record(number).to_txt(tmp_path / "python")
    same(tmp_path / "HexoskinData", tmp_path / "python")


def command_lines():
    block = README.partition("## Command line")[2].partition("```sh\n")[2]
    return [
        line.partition("  ")[0].split()
        for line in block.partition("```")[0].splitlines()
    ]


def test_every_command_line_of_readme_is_understood(give):
    lines = command_lines()
    assert len(lines) > 5
    for name, *arguments in lines:
        assert name == "hexoframe"
        shown = give(*arguments, "--help")
        assert shown.exit_code == 0
        named = [each for each in arguments if each.startswith("--")]
        assert all(option in shown.stdout for option in named)


@pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
def test_every_command_line_of_readme_runs_against_the_local_server(give, monkeypatch):
    pytest.importorskip("matplotlib", reason="needs hexoframe[plot]")
    Path("data").symlink_to(ROOT / "data")
    told = {}
    with serve() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        # The menu talks to a terminal; its tests do.
        for _, *arguments in filter(lambda line: line[1] != "menu", command_lines()):
            result = give(*arguments)
            assert result.exit_code == 0, (arguments, result.output)
            told[" ".join(arguments)] = result.stdout
    assert "300001" in told["records --limit 10"]
    assert told["show 300001"].startswith("Record 300001 (hexoskin")
    assert re.search("^30000102 +Walk", told["ranges"], re.MULTILINE)
    assert len(list(Path("out").rglob("*.png"))) == 1


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("down", "download"), ("download --no", "--no-waveforms"), ("cache cl", "clear")],
)
def test_bash_completes_commands_and_options(tmp_path, typed, expected):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    command = tmp_path / "hexoframe"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hexoframe "$@"\n')
    command.chmod(0o700)
    (line,) = re.findall(r"^eval .*$", README, re.MULTILINE)
    script = f"""
{line}
COMP_WORDS=(hexoframe {typed})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_hexoframe_completion hexoframe
echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        [bash, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.stdout.split() == [expected], done.stderr


def test_the_picture_of_readme_is_what_its_command_makes(give, tmp_path):
    image = pytest.importorskip("matplotlib.image", reason="pictures need matplotlib")
    (line,) = re.findall(r"`hexoframe (plot [^`]*)`", README)
    name, path, *more, file = line.split()
    target = tmp_path / file
    for _ in range(2):
        assert give(name, ROOT / path, *more, target).exit_code == 0
    shown = image.imread(ROOT / "notebooks" / "pictures" / file)
    made = image.imread(target)
    assert shown.shape == made.shape
    # Another version of matplotlib may smooth its letters in another way.
    assert abs(shown - made).mean() < 0.01
