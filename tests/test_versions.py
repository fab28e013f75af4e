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
        "1c53659da91bb41580b4a495f54f269cc95db43b32e2228f7b7d04f623d05509"
    ),
    "astroskin_1000_1min.zip": (
        "a01eeec1ebe915beb4a7625e97fbc53fb96318917739ec3ea153680d684b1b15"
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
