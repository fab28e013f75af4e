"""Pictures of frames and records: functions that return a figure and its axes.

Each takes ``ax=`` to draw into a figure of the caller, shows nothing by itself and
changes no setting of matplotlib, which is imported when something is drawn (extra
``plot``).

============ ================================================================
overview     a whole record on one page
channel      any channel
ecg          a strip on millimetre paper, or a long view of the leads
respiration  belts, breaths, tidal volume
rr           tachogram and Poincare plot
sleep        hypnogram and what went with it
activity     activity and what went with it
coverage     what is there and what is missing, of one record or many
records      pictures of a record by name
============ ================================================================

Below them: stack (panels under each other), bars (states and flags), beats, shading,
canvas (figures and axes), subjects (what a frame is of), live (lines that fit their
axes), decimation (few samples that draw the same picture) and style.
"""

from hexoframe.plotting.activity import plot_activity
from hexoframe.plotting.channel import plot_channel
from hexoframe.plotting.coverage import plot_coverage
from hexoframe.plotting.ecg import plot_ecg
from hexoframe.plotting.overview import plot_overview
from hexoframe.plotting.records import plot_record
from hexoframe.plotting.respiration import plot_respiration
from hexoframe.plotting.rr import plot_rr
from hexoframe.plotting.sleep import plot_sleep

__all__ = [
    "plot_activity",
    "plot_channel",
    "plot_coverage",
    "plot_ecg",
    "plot_overview",
    "plot_record",
    "plot_respiration",
    "plot_rr",
    "plot_sleep",
]
