"""Lists at a terminal: as wide and as long as that is."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.usefixtures("service")


def test_a_narrow_terminal_gets_the_columns_that_fit(terminal):
    child = terminal("records", columns=40)
    text = child.read()
    child.close()
    assert child.exitstatus == 0
    lines = text.splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert lines[-1] == "(no room for user, device)"
    assert re.search(
        r"^41  2024-03-02 22:00  00:01:00  complete\s*$", text, re.MULTILINE
    )


def test_a_narrow_terminal_gets_the_whole_of_a_record_in_its_lines(terminal, samples):
    path = samples / "hexoskin_10min.zip"
    child = terminal("show", path, "--channels", "heart_rate", columns=40)
    text = child.read()
    child.close()
    assert child.exitstatus == 0
    lines = text.splitlines()
    assert all(len(line) <= 40 for line in lines)
    told = " ".join(text.split())
    assert "2024-03-01 22:00:00 to 2024-03-01 22:09:59.875 UTC, 00:09:59.875" in told


def test_a_long_list_is_shown_in_a_pager_at_a_terminal(terminal, tmp_path):
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho paged\ncat\n")
    pager.chmod(0o700)
    child = terminal("channels", "--model", "hexoskin", PAGER=str(pager))
    assert child.read().startswith("paged\r\n")
    child = terminal("channels", "--model", "hexoskin", lines=200, PAGER=str(pager))
    assert child.read().startswith("channel ")
