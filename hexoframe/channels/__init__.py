"""The channel table: names, meaning, rate and unit of every datatype of the API.

`channels.csv` has one row per datatype and device family, `codes.csv` the flags and
enums. This module reads both once and answers look-ups; no other code decides by the
name of a channel. Samples do not belong here; `calibration` converts them.

A *datatype* is what the API numbers (4113, ``ECG_I``); a *channel* is one frame, which
gathers one datatype or several (``ecg``: ``ecg_i``, ``ecg_ii``, ``ecg_iii``).
"""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, cast, get_args

from hexoframe.errors import ConfigurationError, UnknownChannelError

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.timestamps.ticks import Clock

__all__ = [
    "FAMILIES",
    "Carrier",
    "Channel",
    "Code",
    "Datatype",
    "Family",
    "channel_table",
    "channels_of",
    "check_list",
    "code_table",
    "codes_of",
    "datatypes_of",
    "families_of",
    "family_of",
    "find",
    "schema",
]

Family = Literal["hexoskin", "astroskin_256", "astroskin_1000"]
Kind = Literal["waveform", "rate", "event", "state"]
Align = Literal["mean", "or", "hold", "count"]
Verified = Literal["real", "document", "vendor", "guess"]
InBinary = Literal["exact", "floored", "absent"]
InJson = Literal["exact", "ranges", "absent"]
Carrier = Literal["both", "binary", "json"]
Wear = Literal["", "belt", "ecg", "movement", "position"]

FAMILIES: tuple[Family, ...] = get_args(Family)
CLOCK_OF_FAMILY: Mapping[Family, Clock] = MappingProxyType(
    {"hexoskin": 256, "astroskin_256": 256, "astroskin_1000": 1000}
)
_NUMBERS = ("void", "initial", "minimum", "maximum")
# A frame that is wider than the terminal shows its first and its last columns.
_FIRST = ("channel", "verified", "source", "column", "id", "family")
_LAST = ("rate_hz", "offset", "gain", "unit")
_ORDER_OF_CODES = [
    "value", "meaning", "set", "sensor_off", "unworn", "source", "column", "kind",
    "name",
]  # fmt: skip
# Names of the models for users and in old scripts; None: the clock decides.
_MODELS: Mapping[str, Family | None] = MappingProxyType(
    {
        "hexoskin": "hexoskin",
        "hx": "hexoskin",
        "astroskin": None,
        "cha3000": None,
        "astroskin_256": "astroskin_256",
        "astroskin_1000": "astroskin_1000",
    }
)


class Datatype(NamedTuple):
    """One row of the channel table.

    Attributes
    ----------
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family that the row is for.
    id : int or None
        The API's number; None where no public source gives one.
    api_name : str
        The API's own name, which is also the file name in a vendor export.
    channel, column : str
        Frame and column that carry the samples.
    role : str
        ``signal`` for what a record holds as a channel; ``container``, ``annotation``,
        ``internal``, ``position``, ``profile``, ``local`` or ``deprecated`` otherwise.
    in_model : bool
        Whether devices of this family deliver it.
    kind : {"waveform", "rate", "event", "state"}
        How it is sampled.
    unit : str
        Unit of the physical values.
    ticks : Fraction or None
        Clock ticks from sample to sample; None for events and states.
    gain, offset : float
        physical = raw x gain + offset, for the counts of the binary export.
    json_gain : float
        value in the JSON and CSV answers = raw x json_gain.
    binary : {"exact", "floored", "absent"}
        What the binary export carries: the samples, the samples cut down to whole
        counts where the JSON answers have them unrounded, or no such file.
    json : {"exact", "ranges", "absent"}
        What the JSON answers carry: the samples, only those within ranges of sleep or
        rest, or nothing, where no id is known to ask with.
    signed : bool
        Whether the 16-bit counts of the binary export are signed.
    void : float or None
        Value that means "no signal", or that nothing could be computed; None where
        every value is a measurement.
    initial : float or None
        Value that the recorder gives from the start until it has a first measurement;
        None where it waits for one.
    minimum, maximum : float or None
        Documented range of the physical values. An interval that is not above its
        minimum (0 at the first beat, and behind a gap) or that lies above its maximum
        (65 535 counts, all bits set) is no measurement.
    codes : str
        Name of the set of flags or codes in `codes.csv`; empty if there is none.
    quality : str
        Quality channel of this one; empty if there is none.
    align : {"mean", "or", "hold", "count"}
        How samples are put on another time grid.
    interval : bool
        Whether an event's value is the time since the event before it.
    txt : {"integer", "float"}
        How the classic .txt prints the value.
    txt_classic, txt_port : str
        File names (without .txt) in the two dialects of the classic .txt: those of the
        vendor's HxApi2_0 of 2015, and of its port to Python 3.
    aliases : tuple of str
        Other names in old files and scripts.
    wear : {"", "belt", "ecg", "movement", "position"}
        What the samples tell of whether the shirt is worn; empty for nothing.
    plausible : tuple of (float, float)
        Ranges of physical values that a body can have; empty where no limit is known.
        A value outside of all of them is implausible, whatever the flags say.
    plausible_source : str
        Where the limits are known from.
    verified : {"real", "document", "vendor", "guess"}
        Evidence for the gain: real data, a published document, vendor code, a guess.
    source, note : str
        Source of the facts, and the choice made where sources disagree.
    """

    family: Family
    id: int | None
    api_name: str
    channel: str
    column: str
    role: str
    in_model: bool
    kind: Kind
    unit: str
    ticks: Fraction | None
    gain: float
    offset: float
    json_gain: float
    binary: InBinary
    json: InJson
    signed: bool
    void: float | None
    initial: float | None
    minimum: float | None
    maximum: float | None
    codes: str
    quality: str
    align: Align
    interval: bool
    txt: Literal["integer", "float"]
    txt_classic: str
    txt_port: str
    aliases: tuple[str, ...]
    wear: Wear
    plausible: tuple[tuple[float, float], ...]
    plausible_source: str
    verified: Verified
    source: str
    note: str

    @property
    def carrier(self) -> Carrier:
        """Which form of the data resource has it exactly and completely."""
        if self.binary == "exact":
            return "both" if self.json == "exact" else "binary"
        return "json"

    @property
    def names(self) -> tuple[str, ...]:
        """The API's name and the column name, in lower case."""
        return (self.api_name.lower(), self.column)

    @property
    def classic_names(self) -> tuple[str, ...]:
        """Names in old files and scripts, in lower case."""
        return (*self.aliases, self.txt_classic, self.txt_port)


class Channel(NamedTuple):
    """One frame of a record: its name and the datatypes that are its columns."""

    name: str
    datatypes: tuple[Datatype, ...]

    @property
    def kind(self) -> Kind:
        """How the channel is sampled."""
        return self.datatypes[0].kind

    @property
    def ticks(self) -> Fraction | None:
        """Clock ticks from sample to sample; None for events and states."""
        return self.datatypes[0].ticks

    @property
    def clock(self) -> Clock:
        """Ticks in a second."""
        return CLOCK_OF_FAMILY[self.datatypes[0].family]

    @property
    def rate_hz(self) -> float | None:
        """Sampling rate in Hz; None for events and states."""
        return None if self.ticks is None else float(self.clock / self.ticks)

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names of the frame."""
        return tuple(row.column for row in self.datatypes)

    @property
    def units(self) -> dict[str, str]:
        """Unit of each column."""
        return {row.column: row.unit for row in self.datatypes}

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        """Dtype of every column: float32 for waveforms, float64 for the rest."""
        return "float32" if self.kind == "waveform" else "float64"

    @property
    def first_sample(self) -> int:
        """Number of steps from the start of the record to the first sample.

        A waveform begins with the record; a value at 1 Hz or slower is stamped at the
        end of the time that it sums up.
        """
        return 0 if self.kind == "waveform" else 1

    @property
    def lag(self) -> int:
        """Ticks from where the step of a sample begins to the stamp of the sample.

        A sample of a waveform begins its step, a value at 1 Hz or slower ends it;
        events and states have no step.
        """
        return 0 if self.ticks is None else round(self.first_sample * self.ticks)

    def only(self, datatype: Datatype) -> Channel:
        """Return the same channel with one of its columns."""
        return Channel(self.name, (datatype,))


class Code(NamedTuple):
    """One flag or code of a quality or state channel.

    `sensor_off` marks flags for an electrode, belt or sensor that is off; `unworn`
    those that a shirt on a chair sets most of the time and a worn one hardly ever;
    `column` is the one column that a flag is about, empty for all.
    """

    set: str
    kind: Literal["flag", "enum"]
    value: int
    name: str
    sensor_off: bool
    unworn: bool
    column: str
    meaning: str
    source: str


# Words that others use for those of the API, to suggest its names.
_WORDS = {
    "respiratory": "breathing",
    "respiration": "breathing",
    "resp": "breathing",
    "pulse": "heart",
    "cardiac": "heart",
    "steps": "step",
    "saturation": "spo2",
}


def _rows(name: str) -> list[dict[str, str]]:
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _number(text: str) -> float | None:
    return float(text) if text else None


def _range(text: str) -> tuple[float, float]:
    """Return the ends of ``2..5``, ``..5`` or ``0``."""
    low, dots, high = text.partition("..")
    if not dots:
        return float(low), float(low)
    return float(low or "-inf"), float(high or "inf")


def _datatype(row: dict[str, str]) -> Datatype:
    own = {
        "id": int(row["id"]) if row["id"] else None,
        "in_model": row["in_model"] == "yes",
        "signed": row["signed"] == "yes",
        "interval": row["interval"] == "yes",
        "ticks": Fraction(row["ticks"]) if row["ticks"] else None,
        "aliases": tuple(row["aliases"].split()),
        "plausible": tuple(map(_range, row["plausible"].split())),
        **{key: float(row[key]) for key in ("gain", "offset", "json_gain")},
        **{key: _number(row[key]) for key in _NUMBERS},
    }
    return Datatype(**{**row, **own})  # type: ignore[arg-type]  # checked by the tests


@functools.cache
def _table() -> tuple[Datatype, ...]:
    return tuple(_datatype(row) for row in _rows("channels.csv"))


@functools.cache
def codes_of(set_name: str) -> tuple[Code, ...]:
    """Return the flags or codes of a set in ascending order; empty if there is none."""
    return tuple(
        Code(
            set=row["set"],
            kind=cast("Literal['flag', 'enum']", row["kind"]),
            value=int(row["value"]),
            name=row["name"],
            sensor_off=row["sensor_off"] == "yes",
            unworn=row["unworn"] == "yes",
            column=row["column"],
            meaning=row["meaning"],
            source=row["source"],
        )
        for row in _rows("codes.csv")
        if row["set"] == set_name
    )


@functools.cache
def datatypes_of(family: Family) -> tuple[Datatype, ...]:
    """Return every row of a device family, also those that are not channels."""
    return tuple(row for row in _table() if row.family == family)


@functools.cache
def channels_of(family: Family) -> Mapping[str, Channel]:
    """Return the channels of a family by name (read-only, in table order)."""
    groups: dict[str, list[Datatype]] = {}
    for row in datatypes_of(family):
        if row.in_model:
            groups.setdefault(row.channel, []).append(row)
    return MappingProxyType(
        {name: Channel(name, tuple(rows)) for name, rows in groups.items()}
    )


def families_of(model: str) -> tuple[Family, ...]:
    """Return the device families of a model name: one for each clock.

    Old names (``CHA3000``) count too, in any case; an unknown one is a
    ConfigurationError.
    """
    key = str(model).lower()
    if key not in _MODELS:
        raise ConfigurationError(
            f"unknown model {model!r}: give one of {', '.join(_MODELS)}"
        )
    family = _MODELS[key]
    return ("astroskin_256", "astroskin_1000") if family is None else (family,)


def family_of(model: str, *, clock: int | None = None) -> Family:
    """Return the device family of a model name.

    `clock` (ticks per second) tells the two Astroskin families apart; without it
    ``astroskin`` is a ConfigurationError, and so is a clock that the model does not
    have.
    """
    possible = families_of(model)
    if clock is None and len(possible) > 1:
        raise ConfigurationError(
            f"model {model!r} exists with two clocks: say astroskin_256 (1/256 s) "
            "or astroskin_1000 (1/1000 s)"
        )
    fitting = [f for f in possible if clock in (None, CLOCK_OF_FAMILY[f])]
    if not fitting:
        raise ConfigurationError(
            f"model {model!r} counts {CLOCK_OF_FAMILY[possible[0]]} ticks a second, "
            f"but the time stamps count {clock}: leave model= out, or name the right "
            "one"
        )
    return fitting[0]


@functools.cache
def _index(family: Family) -> Mapping[str, tuple[Channel, Datatype | None]]:
    """Return the channel of every name; API and column names have priority."""
    channels = channels_of(family)
    found: dict[str, tuple[Channel, Datatype | None]] = {
        name: (channel, None) for name, channel in channels.items()
    }
    rows = [row for channel in channels.values() for row in channel.datatypes]
    for row in rows:
        for name in row.names:
            found.setdefault(name, (channels[row.channel], row))
    for row in rows:
        # A classic file of several columns, such as acc.txt, is the whole channel.
        shared = {row.txt_classic, row.txt_port}
        for name in row.classic_names:
            whole = None if name in shared else row
            found.setdefault(name, (channels[row.channel], whole))
    return MappingProxyType(found)


@functools.cache
def _ids(family: Family) -> Mapping[int, tuple[Channel, Datatype | None]]:
    channels = channels_of(family)
    found: dict[int, tuple[Channel, Datatype | None]] = {}
    for row in datatypes_of(family):
        if row.id is None:
            continue
        if row.in_model:
            found[row.id] = (channels[row.channel], row)
        elif row.role == "container" and row.channel in channels:
            found[row.id] = (channels[row.channel], None)
    return MappingProxyType(found)


def check_list(channels: Sequence[str | int] | None) -> None:
    """Raise ConfigurationError for a name instead of a list, or an empty list."""
    if isinstance(channels, str):
        raise ConfigurationError(
            f"channels={channels!r}: give a list, such as [{channels!r}]"
        )
    if channels is not None and not len(channels):
        raise ConfigurationError("channels=[]: name at least one, or leave it out")


def find(family: Family, key: str | int) -> Channel:
    """Return the channel of a name or id, narrowed to one column if the key names one.

    API names, column names and channel names count first, in any case; names of the old
    scripts count where they name nothing else. An unknown key is an UnknownChannelError
    that lists the nearest names.
    """
    number = _as_id(key)
    if number is not None:
        hit = _ids(family).get(number)
    else:
        hit = _index(family).get(_spelt(key))
    if hit is None:
        raise UnknownChannelError(_unknown(family, key))
    channel, row = hit
    if row is None or len(channel.datatypes) == 1:
        return channel
    return channel.only(row)


_SHOWN = 80  # signs of a wrong name in a message
_LONGEST_ID = 9  # digits; Python itself refuses thousands of them


def _spelt(key: str | int) -> str:
    """Return a name in the spelling of the table: "Heart Rate" is heart_rate."""
    return str(key).strip().lower().replace(" ", "_")


def _as_id(key: str | int) -> int | None:
    if isinstance(key, str):
        return int(key) if key.isdecimal() and len(key) <= _LONGEST_ID else None
    try:
        return key.__index__()
    except AttributeError:
        hint = "; for several channels, use to_frame(channels=[...])"
        raise UnknownChannelError(
            f"a channel is a name or an id of the API, not {key!r}"
            + (hint if isinstance(key, Sequence) else "")
        ) from None


def _unknown(family: Family, key: str | int) -> str:
    known = _index(family)
    named = repr(key)
    text = f"{family} has no channel {named[:_SHOWN]}" + "..." * (len(named) > _SHOWN)
    number = _as_id(key)
    for row in datatypes_of(family):
        is_named = str(key).lower() in (*row.names, *row.aliases)
        if row.id == number if number is not None else is_named:
            text += f" ({row.api_name}: {_why_absent(row)})"
            break
    import difflib  # noqa: PLC0415  # only errors need it

    near = difflib.get_close_matches(str(key).lower(), known, n=3, cutoff=0.6)
    meant = "_".join(_WORDS.get(word, word) for word in _spelt(key).split("_"))
    if meant in known:
        near = [meant]
    if near:
        text += f"; did you mean {' or '.join(near)}"
    return f"{text}. Channels of {family}: {', '.join(channels_of(family))}"


def _why_absent(row: Datatype) -> str:
    if row.role == "signal":
        others = [
            other.family
            for other in _table()
            if other.api_name == row.api_name and other.in_model
        ]
        return f"a channel of {' and '.join(others) if others else 'no model here'}"
    return row.note or row.role


def channel_table(model: str | None = None) -> pd.DataFrame:
    """Return the channel table.

    Parameters
    ----------
    model : str, optional
        ``hexoskin``, ``astroskin`` (both of its families), ``astroskin_256`` or
        ``astroskin_1000``. By default every datatype of every family, also those that
        are not channels.

    Returns
    -------
    DataFrame
        One row a datatype. First the channel, and ``verified``: what confirms its gain
        (``real`` recordings, a ``document``, code of the ``vendor``, or nothing: a
        ``guess``), with the source. Then column, id, family and all else; at the end
        rate, offset, gain and unit.

    Raises
    ------
    ConfigurationError
        If the model is unknown; the message lists those that are known.

    Examples
    --------
    >>> import hexoframe
    >>> table = hexoframe.channel_table("hexoskin").set_index("api_name")
    >>> table.loc["heart_rate", "unit"]
    'bpm'
    """
    import pandas as pd  # noqa: PLC0415  # look-ups alone must not load pandas

    families = FAMILIES if model is None else families_of(model)
    rows = [row for row in _table() if row.family in families]
    if model is not None:
        rows = [row for row in rows if row.in_model]
    table = pd.DataFrame(rows, columns=Datatype._fields)
    clock = table["family"].map(dict(CLOCK_OF_FAMILY))
    ticks = table["ticks"].map(float, na_action="ignore").astype("float64")
    table["rate_hz"] = clock / ticks
    table["id"] = table["id"].astype("Int64")
    table["plausible"] = table["plausible"].map(_ranges_text)
    others = [name for name in table if name not in (*_FIRST, *_LAST)]
    return table[[*_FIRST, *others, *_LAST]]


def _ranges_text(ranges: tuple[tuple[float, float], ...]) -> str:
    """Return ranges as the table has them: ``0 30..220``, ``..60``."""
    return " ".join(
        f"{low:g}" if low == high else f"{_end(low)}..{_end(high)}"
        for low, high in ranges
    )


def _end(number: float) -> str:
    return f"{number:.15g}" if math.isfinite(number) else ""


def code_table(channel: str | None = None) -> pd.DataFrame:
    """Return the meaning of quality flags and of the codes of states.

    Parameters
    ----------
    channel : str, optional
        Name of a channel, such as ``heart_rate_quality``; all by default.

    Returns
    -------
    DataFrame
        value (of a bit, or of a code) and meaning; set (the channel); whether it means
        that a sensor is off, or is mostly set while nobody wears the shirt; source; the
        one column it is about (empty: all); kind (flags are bits that add up, an enum
        is one value); name.

    Raises
    ------
    UnknownChannelError
        If the channel has no codes.

    Examples
    --------
    >>> import hexoframe
    >>> table = hexoframe.code_table("sleep_phase").set_index("value")
    >>> table.loc[5, "meaning"]
    'REM sleep'
    """
    import pandas as pd  # noqa: PLC0415  # look-ups alone must not load pandas

    names = list(dict.fromkeys(row["set"] for row in _rows("codes.csv")))
    if channel is not None and channel not in names:
        raise UnknownChannelError(
            f"{channel!r} has no codes; these channels have: {', '.join(names)}"
        )
    codes = [
        code for name in names if channel in (None, name) for code in codes_of(name)
    ]
    return pd.DataFrame(codes, columns=Code._fields)[_ORDER_OF_CODES]


def schema(model: str) -> dict[str, dict[str, str]]:
    """Return the columns and dtypes of every channel of a model.

    Every frame that hexoframe loads has exactly these, with an index ``time`` of dtype
    ``datetime64[ns, UTC]``.

    Parameters
    ----------
    model : str
        As for `channel_table`; ``astroskin`` means ``astroskin_256`` here, whose
        columns and dtypes the other family shares where it has them.

    Returns
    -------
    dict of str to dict of str to str
        ``{channel: {column: dtype}}``.

    Raises
    ------
    ConfigurationError
        If the model is unknown.

    Examples
    --------
    >>> import hexoframe
    >>> hexoframe.schema("hexoskin")["respiration"]
    {'respiration_thoracic': 'float32', 'respiration_abdominal': 'float32'}
    """
    return {
        name: dict.fromkeys(channel.columns, cast("str", channel.dtype))
        for name, channel in channels_of(families_of(model)[0]).items()
    }
