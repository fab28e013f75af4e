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
        "b6dfe200ae719341ec406d808fd5584c11888135f93c794511ac3fa4aeb7ff50"
    ),
    "hexoskin_10min.csv": (
        "79b65b0c274e4ba8acb9790cedd6ea32cf1fcf6fba3e79985ce3961377036692"
    ),
    "astroskin_2min.zip": (
        "c4ca80c7b0bf11234e6650c575cd18989ad842b43e7c22e1ae4d5e42f9a54955"
    ),
    "astroskin_1000_1min.zip": (
        "49bb0e443a5b134795f42aa87361b1e34a2219d03bac128c75b78c5d64ac11e6"
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
