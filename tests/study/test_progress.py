"""The bar of a study: records, megabytes, time left."""

from __future__ import annotations

import re

from hexoframe.study.progress import StudyBar


def test_the_bar_counts_records_and_megabytes_and_says_what_is_left(capsys):
    with StudyBar("study", [1e6, 3e6, 0.0], show=True) as bar:
        bar.finished(1e6, 1_100_000)
        bar.finished(3e6, 2_700_000)
        bar.finished(0.0)
    lines = re.split(r"[\r\n]+", capsys.readouterr().err.strip())
    assert lines[0].startswith("study: 0/3 records   0%")
    assert lines[-1].startswith("study: 3/3 records, 3.8 MB 100%")
    assert lines[-1].endswith("left")


def test_no_bar_is_drawn_where_nobody_looks(capsys):
    with StudyBar("study", [1.0]) as bar:
        bar.finished(1.0)
    assert capsys.readouterr().err == ""
    assert bar.done == 1
