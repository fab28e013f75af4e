"""Options that several commands share: what they refuse."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "Missing argument 'ID...'"),
        ("41 --format xls", "'xls' is not one of"),
        ("41 --model Fitbit", "'Fitbit' is not one of"),
        ("41 --start 2024-03-02T22:00:00", "add Z for UTC"),
        ("41 --start 2024-03-02", "2024-03-02T00:00:00Z"),
        ("41 --end 2024-03-02Z", "2024-03-02T00:00:00Z"),
        ("41 --tz Europe/Paris", "--tz goes with --timestamps string"),
        ("41 --timestamp-format %H", "--timestamp-format goes with"),
        ("41 --timestamps string --format csv", "Add --format txt"),
        ("41 --dialect port --format csv", "Add --format txt"),
        ("41 --dialect snake", "'classic', 'port'"),
        ("41 --units raw", "Add --format csv, parquet, mat or bids"),
        ("41 --gaps split", "--gaps is for EDF and Kubios. Add --format edf or kubios"),
        ("41 --gaps close", "'raise', 'fill', 'split'"),
        ("41 --units mV", "'mV' is not one of"),
        ("41 --timestamps string --tz Europe/Pari", "Europe/Paris"),
        ("41 --timestamps string --timestamp-format %Q", "%Q"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(give, service, arguments, said):
    result = give("download", *arguments.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert service.log == []
