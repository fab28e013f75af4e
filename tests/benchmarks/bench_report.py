"""The report of a day: how long it takes and how large it is, beside MNE's report."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks.harness import Row, race, timed

# What browsers open without trouble.
LARGEST_MB = 10.0
HERTZ = 256.0


def by_mne(values, target):
    """The ECG, as the report of MNE shows recordings."""
    import mne

    mne.set_log_level("error")
    # Its report shows channels of the brain alone.
    about = mne.create_info(["ecg_i"], HERTZ, ["eeg"])
    raw = mne.io.RawArray(values[None] / 1000, about)
    page = mne.Report(title="record")
    page.add_raw(raw, title="ECG", psd=True)
    page.save(target, open_browser=False, overwrite=True)


def bench(world):
    import matplotlib as mpl

    mpl.use("Agg")
    record = world.record
    with tempfile.TemporaryDirectory() as name:
        ours, theirs = Path(name) / "ours.html", Path(name) / "theirs.html"
        new = timed(lambda: record.report(ours, overwrite=True))
        read = timed(lambda: (record.coverage(), record.summary(), record.check_ecg()))
        yield race(
            new,
            read,
            rounds=world.rounds,
            what="report of all channels",
            against="its coverage, summary and check of the ECG alone",
            at_most=True,
            target=4,
        )
        yield Row(
            what="size of the report",
            against="the most that browsers open with ease",
            new=ours.stat().st_size / 1e6,
            old=LARGEST_MB,
            unit="MB",
            target=1,
            at_most=True,
        )
        if importlib.util.find_spec("mne") is None:
            yield "    (mne is not installed: no comparison with its report)"
            return
        values = np.nan_to_num(record["ecg"]["ecg_i"].to_numpy(np.float64))
        yield race(
            new,
            timed(lambda: by_mne(values, theirs)),
            rounds=world.rounds,
            what="report of all channels",
            against="MNE's report of the ECG alone",
        )
        yield Row(
            what="size of the report",
            against="MNE's report of the ECG alone",
            new=ours.stat().st_size / 1e6,
            old=theirs.stat().st_size / 1e6,
            unit="MB",
        )
