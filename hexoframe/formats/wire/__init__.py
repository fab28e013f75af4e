"""Answers of the API's data resource as arrays and frames: no network.

======= ======================================================================
answers one JSON answer, from bytes to ticks and values
pages   several answers put together; what the server left out
frames  the frames of channels
======= ======================================================================

Which requests to send is for the plan of the client; how values become physical stands
in calibration.
"""

from __future__ import annotations

from hexoframe.formats.wire.answers import Samples, parse_data
from hexoframe.formats.wire.frames import channel_frames
from hexoframe.formats.wire.pages import Joined, is_thinned, join_pages

__all__ = [
    "Joined",
    "Samples",
    "channel_frames",
    "is_thinned",
    "join_pages",
    "parse_data",
]
