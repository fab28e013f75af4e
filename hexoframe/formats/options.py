"""What a caller may ask of every reader, and of every writer. No work is done here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from hexoframe.channels import channels_of, check_list, find
from hexoframe.channels.calibration import Scale
from hexoframe.errors import ConfigurationError
from hexoframe.timestamps import CLASSIC_FORMAT
from hexoframe.timestamps.zones import zone_of

if TYPE_CHECKING:
    from hexoframe.channels import Channel, Family
    from hexoframe.recording.data import RecordData

__all__ = ["ReadOptions", "chosen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a caller asks of a reader.

    Attributes
    ----------
    channels : sequence of str or int, or None
        Channels to load, by any of their names or ids; None for all.
    scale : {"physical", "raw"}
        Values in the units of the table, or counts.
    model : str or None
        Model of the device, where the caller knows it.
    tz : str or None
        Zone of time stamps that are local text.
    timestamp_format : str
        strftime format of time stamps that are text.
    start : int, datetime or str, or None
        Start of the record where no file says it: ticks, or a time with its zone.
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
        """Refuse values that no reader takes."""
        if self.scale not in get_args(Scale):
            raise ConfigurationError(
                f"units={self.scale!r}: give one of {', '.join(get_args(Scale))}"
            )
        check_list(self.channels)
        if self.tz is not None:
            zone_of(self.tz)

    def wanted(self, family: Family) -> dict[str, Channel]:
        """Return the channels to load, whole, in the order of the table.

        Raises
        ------
        UnknownChannelError
            If a name that was asked for is none of the family.
        """
        channels = channels_of(family)
        if self.channels is None:
            return dict(channels)
        names = {find(family, key).name for key in self.channels}
        return {name: channels[name] for name in channels if name in names}

    def left_out(self, family: Family) -> frozenset[str]:
        """Return the channels of the family that were not asked for."""
        return frozenset(channels_of(family)) - frozenset(self.wanted(family))


def chosen(record: RecordData, channels: Sequence[str | int] | None) -> list[str]:
    """Return the channels to write, in the order of the table; None for all held.

    Raises
    ------
    UnknownChannelError
        If the model has no such channel.
    ConfigurationError
        If one name is given in the place of a list, or none.
    """
    if channels is None:
        return list(record)
    check_list(channels)
    names = {record.channel(key).name for key in channels}
    return [name for name in channels_of(record.family) if name in names]
