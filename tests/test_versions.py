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
        "826f7dba9cc18fe6c9c012a9a00b263f3260c5c9cd6bc2b251a011bb2b264aef"
    ),
    "hexoskin_10min.csv": (
        "79b65b0c274e4ba8acb9790cedd6ea32cf1fcf6fba3e79985ce3961377036692"
    ),
    "astroskin_2min.zip": (
        "93ef3684afe0c70e8450331ef0f02ee1a264645eb5065717a03157227dd415ef"
    ),
    "astroskin_1000_1min.zip": (
        "a496a69e1cc01199bbf168adb2af4b3cbb68242866c8bd48d672fadfa2609959"
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
