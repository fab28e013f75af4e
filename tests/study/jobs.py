"""Functions for map, in a module that a worker can import."""

from __future__ import annotations

import os
import signal
import warnings

import numpy as np
import pandas as pd

import hexoframe


def rate(record, scale=1):
    values = record.heart_rate["heart_rate"]
    return {"mean": scale * float(values.mean()), "n": len(values)}


def windows(record):
    """A row each ten seconds, in the zone of the record."""
    means = record.heart_rate["heart_rate"].resample("10s").mean()
    return means.rename("mean").to_frame()


def as_series(record):
    return pd.Series({"first": record.start, "model": record.info["model"]})


def only_hexoskin(record):
    if record.info["model"] != "hexoskin":
        raise ValueError(f"{record.info['model']} is no hexoskin")
    return {"ok": True}


def nothing(record):
    del record


def mistaken(record):
    return {"mean": record.heart_rate["hart_rate"].mean()}


def kill_one(record, number=300_013):
    """Die without a word, as for want of memory."""
    if record.id == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"n": 1}


def leave(record):
    raise SystemExit(f"done with {record.id}")


def noisy(record):
    hexoframe.errors.warn("mind the belts", hexoframe.errors.HexoframeWarning)
    warnings.warn("of numpy", RuntimeWarning, stacklevel=1)
    print("not for the screen", end="")
    return {"n": record.id or 0}


def ecg_and_windows(record):
    """Figures in which a last bit would show."""
    if "ecg" not in record:
        return {"sd": np.nan, "sum": np.nan}
    values = record.ecg["ecg_i"].to_numpy()
    return {"sd": float(values.std()), "sum": float(values.astype("float64").sum())}
