"""Options of all readers and writers, checked here and obeyed in the formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from hexoframe.channels import channels_of, check_list, find
from hexoframe.channels.calibration import Scale
from hexoframe.errors import ConfigurationError
from hexoframe.timestamps.ticks import CLASSIC_FORMAT
from hexoframe.timestamps.zones import zone_of

if TYPE_CHECKING:
    from hexoframe.channels import Channel, Family
    from hexoframe.recording.data import RecordData

__all__ = ["ReadOptions", "channels_to_write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Options of a reader, as `hexoframe.open_record` tells them.

    Attributes
    ----------
    scale : {"physical", "raw"}
        What `open_record` calls units.
    tz, timestamp_format : str
        Zone and strftime format of time stamps that are text.
    start : int, datetime or str, or None
        Start of the record if no file says it: ticks, or a time with its zone.
    allow_partial : bool
        Whether a source that lost samples on its way may be opened.
    """

    channels: Sequence[str | int] | None = None
    scale: Scale = "physical"
    model: str | None = None
    tz: str | None = None
    timestamp_format: str = CLASSIC_FORMAT
    start: int | datetime | str | None = None
    allow_partial: bool = False

    def __post_init__(self) -> None:
        """Refuse values that are wrong for every reader."""
        if self.scale not in get_args(Scale):
            raise ConfigurationError(
                f"units={self.scale!r}: give one of {', '.join(get_args(Scale))}"
            )
        check_list(self.channels)
        if self.tz is not None:
            zone_of(self.tz)

    def wanted(self, family: Family) -> dict[str, Channel]:
        """Return the whole channels to load, in the order of the channel table."""
        channels = channels_of(family)
        if self.channels is None:
            return dict(channels)
        names = {find(family, key).name for key in self.channels}
        return {name: channels[name] for name in channels if name in names}

    def left_out(self, family: Family) -> frozenset[str]:
        """Return the channels of the family that were not asked for."""
        return frozenset(channels_of(family)) - frozenset(self.wanted(family))


def channels_to_write(
    record: RecordData, channels: Sequence[str | int] | None
) -> list[str]:
    """Return the channels to write, in the order of the table; None for all held.

    An unknown channel is an `UnknownChannelError`; one name instead of a list, or an
    empty list, is a `ConfigurationError`.
    """
    if channels is None:
        return list(record)
    check_list(channels)
    names = {record.channel(key).name for key in channels}
    return [name for name in channels_of(record.family) if name in names]
