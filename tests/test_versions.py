"""Frames are the same, to the last bit, whatever pandas and numpy made them.

The suite runs on the oldest and on the newest pandas that hexoframe supports; both must
come to the digests that stand here.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import hexoframe

DIGESTS = {
    "hexoskin_10min.zip": (
        "440a1c9a3942b493c3092119254a858d02adb62bcca9226c43cb982d75f83cb3"
    ),
    "hexoskin_10min.csv": (
        "3ad2849a6ebf5d82cce334d34d63265d1050b8f754cfc90998a43b081c06e6d9"
    ),
    "astroskin_2min.zip": (
        "0c649fce2070ccff79260cf6cc8319e15d388e057417923c0e547efb54ce6843"
    ),
    "astroskin_1000_1min.zip": (
        "5a0f0c7e17de5cd83449a65a66d47020f17b52ec93c77b050c5aa6a29dde7557"
    ),
}


def digest(record):
    """Digest of names, dtypes, units of time, stamps and values of every frame."""
    sha = hashlib.sha256()
    frames = {**record, "aligned": record.to_frame("1s")}
    for name, frame in frames.items():
        index = frame.index
        told = (name, list(frame.columns), list(map(str, frame.dtypes)), index.name)
        sha.update(repr((*told, str(index.dtype), len(frame))).encode())
        sha.update(index.asi8.tobytes())
        for column in frame.columns:
            # Every NaN has the same bits, whoever made it.
            values = frame[column].to_numpy(copy=True)
            values[np.isnan(values)] = np.nan
            sha.update(values.tobytes())
    return sha.hexdigest()


@pytest.mark.parametrize("name", DIGESTS)
@pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning")
def test_frames_of_a_sample_are_the_same_everywhere(samples, name):
    assert digest(hexoframe.open_record(samples / name)) == DIGESTS[name]
