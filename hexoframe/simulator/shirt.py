"""The synthetic shirt: from a few settings to a complete recording with known truth.

`wear` turns the settings (`Shirt`) into a `Recording`: it puts together the signals of
`body` and its organs, and computes nothing itself. Files are written in
`hexoframe.simulator.export`. Only numpy and the standard library are needed.

The same settings give the same bytes. All arithmetic is on whole numbers, from tables
rounded to integers, so the last bit of a sine does not matter; only HRV rounds a longer
floating point computation.
"""

from __future__ import annotations

import numpy as np

from hexoframe.simulator import marks
from hexoframe.simulator.arithmetic import Floats, Ints
from hexoframe.simulator.body import Body
from hexoframe.simulator.breathing import Breathing, draw_respiration
from hexoframe.simulator.ecg import draw_ecg
from hexoframe.simulator.gait import Gait
from hexoframe.simulator.heart import Heart, draw_ppg, pulse_events
from hexoframe.simulator.recording import (
    Activity,
    Annotation,
    Counts,
    Recording,
    TrackPoint,
)
from hexoframe.simulator.settings import Shirt
from hexoframe.simulator.vitals import per_second, variability

__all__ = [
    "Activity",
    "Annotation",
    "Recording",
    "Shirt",
    "TrackPoint",
    "wear",
]


def wear(shirt: Shirt) -> Recording:
    """Return the recording of a shirt with these settings.

    Parameters
    ----------
    shirt : Shirt
        The settings.

    Returns
    -------
    Recording
        Always the same for the same settings.

    Examples
    --------
    >>> recording = wear(Shirt(seed=1, duration_s=60))
    >>> recording.sampled["ECG_I"].shape, recording.sampled["heart_rate"].shape
    ((15360,), (60,))
    """
    body = Body.of(shirt)
    heart = Heart.of(body)
    breathing = Breathing.of(body)
    gait = Gait.of(body)
    sampled: dict[str, Counts] = {
        **draw_ecg(body, heart),
        **draw_respiration(body, breathing),
        **gait.axes,
        **draw_ppg(body, heart),
        **per_second(body, heart, breathing, gait=gait),
        **variability(body, heart),
    }
    events: dict[str, tuple[Ints, Ints | Floats]] = {
        **heart.events(),
        **breathing.events(),
        **gait.events(),
        **pulse_events(body, heart),
        **marks.state_codes(body),
        **marks.service_only(body, heart),
    }
    return Recording(
        shirt=shirt,
        start=body.start,
        end=body.start + body.duration,
        sampled=sampled,
        rates={name: body.device.steps[name] for name in sampled},
        events={
            name: (ticks + body.start, values.astype(np.float64))
            for name, (ticks, values) in events.items()
        },
        beats=heart.ticks + body.start,
        breaths=breathing.inspiration + body.start,
        annotations=marks.button_presses(body),
        ranges=marks.activities(body),
        track=marks.track(body) if shirt.track else (),
    )
