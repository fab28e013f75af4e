"""Results computed from a record: frames in, frames out; no files, no network.

========== ==================================================================
align      channels of different rates on one time grid
beats      which RR intervals count, and which are neighbours
blocks     streams of a record larger than memory: aligned rows, windows
bins       arithmetic of bins of equal length
coverage   expected and received samples, and the list of gaps
extras     parts of scipy, imported when used
hrv        heart-rate variability, a row a span
hrvtable   when a figure of variability counts, and what its row says
nonlinear  sample entropy and detrended fluctuations
quality    quality flags by name, and spans of bad data with their reasons
spans      spans of time that a result has a row for: lengths, days, activities
spectrum   spectra of intervals, and the power in their bands
timedomain figures of intervals in the time domain
wear       when the shirt was worn
========== ==================================================================
"""

# Results are imported from their modules at first use, as at the front door.

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hexoframe.analysis.hrv import (
        compute_hrv,
        compute_hrv_frequency,
        compute_hrv_nonlinear,
        compute_hrv_spectrum,
        compute_hrv_time,
    )
else:
    from importlib import import_module

    def __getattr__(name: str) -> object:
        """Import a result at its first use, and keep it."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, getattr(import_module(home), name))


__all__ = [
    "compute_hrv",
    "compute_hrv_frequency",
    "compute_hrv_nonlinear",
    "compute_hrv_spectrum",
    "compute_hrv_time",
]

# Where each name lives.
_HOMES = {
    "compute_hrv": "hexoframe.analysis.hrv",
    "compute_hrv_frequency": "hexoframe.analysis.hrv",
    "compute_hrv_nonlinear": "hexoframe.analysis.hrv",
    "compute_hrv_spectrum": "hexoframe.analysis.hrv",
    "compute_hrv_time": "hexoframe.analysis.hrv",
}


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
