"""Results computed from a record: frames in, frames out; no files, no network.

=========== ===================================================================
activity    bouts of activity, steps and their cadence, positions
align       channels of different rates on one time grid
beatcheck   beats of the device beside those of the ECG
beats       which RR intervals count, and which are neighbours
beattable   a row a beat
beltwave    the weighted signal of the belts, and where it turns
bins        arithmetic of bins of equal length
blocks      aligned rows of a record larger than memory
breathcheck breaths of the device beside those of the belts
breathing   rate, variability and volumes of breathing, a row a span
breaths     a row a breath, and which are usable
corrections a table of beats becomes the channels of a record
coverage    expected and received samples, and the list of gaps
detector    beats in the ECG, found by sleepecg
ecgcheck    how good the ECG is
ecgparts    the ECG part by part, and what of it can be judged
energy      energy expenditure, estimated from the heart rate
enmo        acceleration beyond gravity, in epochs
extras      parts of scipy, imported when used
glossary    what the columns of results mean
grids       from when to when the bins of a frame go
hrv         heart-rate variability, a row a span
hrvtable    when a figure of variability counts, and what its row says
marks       runs of marked samples, and the limits of converters
matching    which events of one source are those of another
methods     the paragraph that a paper says of a recording
metrics     the index of metrics: names, units and rules
nonlinear   sample entropy and detrended fluctuations
observed    when the recorder ran and the shirt was not off
quality     quality flags by name, and spans of bad data with their reasons
sleep       nights, and the sleep of each
spans       spans of time that a result has a row for: lengths, days, activities
spectrum    spectra of intervals, and the power in their bands
states      how long the codes of a channel held
streams     windows of a channel larger than memory
summary     each metric of usable samples beside the vendor's figure
tickspans   arithmetic of many spans of ticks
timedomain  figures of intervals in the time domain
usage       samples of a channel in spans: usable, and why the others are not
volumes     calibration of volumes, for one donning
wear        when the shirt was worn
=========== ===================================================================
"""

# Results are imported from their modules at first use, as at the front door.

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hexoframe.analysis.energy import compute_energy
    from hexoframe.analysis.glossary import definitions
    from hexoframe.analysis.hrv import (
        compute_hrv,
        compute_hrv_frequency,
        compute_hrv_nonlinear,
        compute_hrv_spectrum,
        compute_hrv_time,
    )
    from hexoframe.analysis.metrics import metric_table, summary_channels
else:
    from importlib import import_module

    def __getattr__(name: str) -> object:
        """Import a result at its first use, and keep it."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, getattr(import_module(home), name))


__all__ = [
    "compute_energy",
    "compute_hrv",
    "compute_hrv_frequency",
    "compute_hrv_nonlinear",
    "compute_hrv_spectrum",
    "compute_hrv_time",
    "definitions",
    "metric_table",
    "summary_channels",
]

# Where each name lives.
_HOMES = {
    "compute_energy": "hexoframe.analysis.energy",
    "compute_hrv": "hexoframe.analysis.hrv",
    "compute_hrv_frequency": "hexoframe.analysis.hrv",
    "compute_hrv_nonlinear": "hexoframe.analysis.hrv",
    "compute_hrv_spectrum": "hexoframe.analysis.hrv",
    "compute_hrv_time": "hexoframe.analysis.hrv",
    "definitions": "hexoframe.analysis.glossary",
    "metric_table": "hexoframe.analysis.metrics",
    "summary_channels": "hexoframe.analysis.metrics",
}


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
