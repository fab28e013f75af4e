"""Sleep as another library computes it, in an environment that has it.

    python -m venv witnesses && witnesses/bin/pip install -e ".[witnesses]"
    witnesses/bin/python -m pytest -m slow -p no:cacheprovider \
        --confcutdir=tests/analysis tests/analysis/test_sleep_witnesses.py

Its figures of a night, with its version, stand in test_sleep.py and are held there by
every run of the suite.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.analysis.nights import one, recording

pytestmark = pytest.mark.slow
NAMES = {"TIB": "tib", "SPT": "spt", "WASO": "waso", "TST": "tst", "SOL": "sol",
         "NREM": "nrem", "REM": "rem", "SE": "se", "SME": "sleep_percent"}  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_yasa_says_the_same_of_any_night(seed):
    yasa = pytest.importorskip(
        "yasa", reason="yasa is not installed: see the head of this file"
    )
    dice = np.random.default_rng(seed)
    stages = np.repeat(dice.choice([0, 1, 2], 40), dice.integers(1, 60, 40))
    row = one(recording(" ".join(f"{'WNR'[stage]}{1 / 3}" for stage in stages)))
    names = np.array(["WAKE", "NREM", "REM"])[stages]
    theirs = yasa.Hypnogram(names, n_stages=3, freq="20s").sleep_statistics()
    said = {name: theirs[key] for key, name in NAMES.items()}
    # It rounds to four digits.
    assert {name: row[name] for name in said} == pytest.approx(said, abs=1e-4)
    # Its latency of REM counts from lights off.
    latency = theirs["Lat_REM"] - theirs["SOL"]
    assert row["rem_latency"] == pytest.approx(latency, abs=2e-4)
