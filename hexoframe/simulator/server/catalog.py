"""The fixed facts of the service: resources, datatypes, units, metrics, activities.

The 77 resources are described in `schema.json`, in our own form: type and flags of each
field, methods, filters and orderings. Objects of users do not belong here.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

from hexoframe.channels import Datatype, Family, datatypes_of

__all__ = [
    "ACTIVITYTYPES",
    "ATTRIBUTES",
    "ENDPOINTS",
    "METRICS",
    "QUIET_TYPES",
    "ROUTINES",
    "SKIPPED",
    "UNITS",
    "Metric",
    "Resource",
    "datatype_objects",
    "resources",
    "rows_by_id",
    "schema_of",
]

SKIPPED = (
    "import",
    "studymember",
    r"studymember/(?P<user_id>\d+)/study/(?P<study_id>\d+)",
)
"""What the root lists beside the resources, without a schema: clients skip it."""
# Help texts of fields; the vendor's client only shows them.
_HELP = {
    "integer": "A whole number",
    "string": "A text",
    "float": "A number",
    "boolean": "true or false",
    "datetime": "Date and time in ISO 8601",
    "date": "A date in ISO 8601",
    "to_one": "One object: its URI or id, or the object itself",
    "to_many": "A list of objects",
    "geometry": "Longitude and latitude",
    "list": "A list",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """The facts of one resource.

    `filtering` maps a field to the lookups that it allows; ``relations`` means all
    lookups, also through the relation. `hidden` fields are for filters only.
    """

    name: str
    list_methods: tuple[str, ...]
    detail_methods: tuple[str, ...]
    fields: Mapping[str, str]
    filtering: Mapping[str, tuple[str, ...]] | None
    ordering: tuple[str, ...] | None

    @property
    def is_data(self) -> bool:
        """Whether it answers with samples instead of objects."""
        return "max_values" in self.fields

    def type_of(self, field: str) -> str:
        """Return the type of a field, "" where there is no such field."""
        return self.fields.get(field, "").partition(" ")[0]

    def hides(self, field: str) -> bool:
        """Return whether a field is for filters only."""
        return "hidden" in self.fields.get(field, "").split()


@functools.cache
def resources() -> Mapping[str, Resource]:
    """Return all resources by name, in the order of the alphabet."""
    text = files(__package__).joinpath("schema.json").read_text(encoding="utf-8")
    facts = json.loads(text)
    told = facts["resources"]
    told |= dict.fromkeys(facts["like data"].split(), told["data"])
    return MappingProxyType(
        {name: _resource(name, told[name]) for name in sorted(told)}
    )


def _resource(name: str, told: Mapping[str, Any]) -> Resource:
    filtering = told.get("filtering")
    ordering = told.get("ordering")
    return Resource(
        name=name,
        list_methods=tuple(told["list"].split()),
        detail_methods=tuple(told["detail"].split()),
        fields=told["fields"],
        filtering=filtering and {k: tuple(v.split()) for k, v in filtering.items()},
        ordering=ordering and tuple(ordering.split()),
    )


def schema_of(resource: Resource) -> dict[str, Any]:
    """Return the answer of ``/api/<resource>/schema/``."""
    answer: dict[str, Any] = {
        "allowed_detail_http_methods": list(resource.detail_methods),
        "allowed_list_http_methods": list(resource.list_methods),
        "default_format": "application/json",
        "default_limit": 20,
        "fields": {name: _field(told) for name, told in resource.fields.items()},
    }
    if resource.filtering is not None:
        answer["filtering"] = {
            name: 2 if lookups == ("relations",) else list(lookups)
            for name, lookups in resource.filtering.items()
        }
    if resource.ordering is not None:
        answer["ordering"] = list(resource.ordering)
    return answer


def _field(told: str) -> dict[str, Any]:
    words, _, default = told.partition(" default=")
    kind, *flags = words.split()
    field: dict[str, Any] = {
        "blank": "blank" in flags,
        "default": json.loads(default) if default else "No default provided.",
        "help_text": "__nodoc__" if "hidden" in flags else _HELP[kind],
        "nullable": "null" in flags,
        "readonly": "ro" in flags,
        "type": "related" if kind in {"to_one", "to_many"} else kind,
        "unique": "unique" in flags,
    }
    if field["type"] == "related":
        field["related_type"] = kind
    return field


# --- datatypes ----------------------------------------------------------------------

# The list calls it 4 Hz; it is delivered at 1 Hz.
_CADENCE = 53
# Datatypes of the endpoints that preset them; some pairings are guesses. The datatype
# of hrvhfnorm is not known; 0 is not used.
ENDPOINTS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "acc": (4145, 4146, 4147), "activity": (49,), "ann": (271,),
        "breathingrate": (33,), "breathingratestatus": (1001,), "cadence": (53,),
        "data": (), "datafile": (), "deviceposition": (269,),
        "ecg": (4113, 4114, 4115), "expiration": (35,), "heartrate": (19,),
        "heartratestatus": (1000,), "hrvhf": (277,), "hrvhfnorm": (0,),
        "hrvlf": (276,), "inspiration": (34,), "minuteventilation": (36,),
        "minuteventilationadjusted": (38,), "nninterval": (318,), "nnoverrr": (274,),
        "pohr": (65,), "ppg": (64,), "ptt": (97,), "qrs": (22,),
        "respiration": (4129, 4130), "sdnn": (272,), "sleepphase": (280,),
        "sleepposition": (270,), "spo2": (66,), "step": (52,),
        "systolicpressure": (98,), "temperature": (80, 81),
        "temperaturestatus": (1003,), "tidalvolume": (37,),
        "tidalvolumeadjusted": (39,), "triangular": (275,),
    }
)  # fmt: skip


@functools.cache
def rows_by_id(family: Family) -> Mapping[int, Datatype]:
    """Return the datatypes of the service by number."""
    return MappingProxyType(
        {
            row.id: row
            for row in datatypes_of(family)
            if row.id is not None and row.role != "local"
        }
    )


def datatype_objects(family: Family) -> list[dict[str, Any]]:
    """Return the objects of the datatype resource."""
    clock = 1000 if family == "astroskin_1000" else 256
    return [
        {
            "dataid": number,
            "hexo_freq": clock // 4 if number == _CADENCE
            else None if row.ticks is None else int(row.ticks),
            "info": f"{row.api_name.replace('_', ' ')} ({row.role})",
            "name": row.api_name,
            "resource_uri": f"/api/datatype/{number}/",
        }
        for number, row in rows_by_id(family).items()
    ]  # fmt: skip


# --- units, metrics, activities -----------------------------------------------------

# By id: short, long, remark. Ids that no source gives are from 9000 on.
UNITS: Mapping[int, tuple[str, str, str]] = MappingProxyType(
    {
        2: ("", "", "Qualitative scale, select between 1 and 10"),
        103: ("km", "kilometer", ""),
        400: ("J", "joule", ""),
        551: ("Cal", "Calorie", ""),
        700: ("bpm", "beats per minute", ""),
        9001: ("g", "standard gravity", ""),
        9002: ("rpm", "respirations per minute", ""),
        9003: ("spm", "steps per minute", ""),
        9004: ("rep", "repetitions", ""),
        9005: ("%", "percent", ""),
        9006: ("L/min", "litre per minute", ""),
        9007: ("s", "second", ""),
        9008: ("m/s", "metre per second", ""),
        9009: ("m", "metre", ""),
        9010: ("", "", "Count"),
    }
)


class Metric(NamedTuple):
    """A metric: what it is called, its unit, and how it is found.

    `how` is a verb and the name of a channel: ``avg``, ``max`` or ``min`` of the values
    above 0, ``count`` of events, ``histogram``, ``kcal``, ``code <n>`` seconds in a
    state; "" is not computed, its value is null. `zones` are limits.
    """

    name: str
    title: str
    unit: int
    how: str
    zones: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()


_ACTIVITY = (0, 0.1, 0.2, 0.3, 0.4, 0.5)
_HEART = (0, 114, 133, 152, 171, 250)
METRICS: Mapping[int, Metric] = MappingProxyType(
    {
        1: Metric("activity_avg", "Act Avg", 9001, "avg activity", _ACTIVITY),
        3: Metric("activity_max", "Act Max", 9001, "max activity", _ACTIVITY),
        4: Metric("activity_min", "Act Min", 9001, "min activity", _ACTIVITY),
        12: Metric("breathingrate_avg", "BR Avg", 9002, "avg breathing_rate"),
        14: Metric("breathingrate_max", "BR Max", 9002, "max breathing_rate"),
        15: Metric("breathingrate_min", "BR Min", 9002, "min breathing_rate"),
        17: Metric("cadence_avg", "Cadence Avg", 9003, "avg cadence"),
        19: Metric("cadence_max", "Cadence Max", 9003, "max cadence"),
        20: Metric("cadence_min", "Cadence Min", 9003, "min cadence"),
        44: Metric("heartrate_avg", "HR Avg", 700, "avg heart_rate", _HEART),
        45: Metric("heartrate_histo", "heartrate histo", 700, "histogram heart_rate",
                   (), tuple(range(20, 221, 20))),
        46: Metric("heartrate_max", "HR Max", 700, "max heart_rate", _HEART),
        47: Metric("heartrate_min", "HR Min", 700, "min heart_rate", _HEART),
        50: Metric("hrvlfnorm_avg", "HRVLF Norm Avg", 9005, ""),
        55: Metric("minuteventilation_avg", "MV Avg", 9006, "avg minute_ventilation"),
        57: Metric("minuteventilation_max", "MV Max", 9006, "max minute_ventilation"),
        58: Metric("minuteventilation_min", "MV Min", 9006, "min minute_ventilation"),
        71: Metric("step_count", "Steps", 9004, "count step"),
        126: Metric("energy_total", "energy total", 551, ""),
        139: Metric("energyecg_vo2_kcal", "energyecg vo2 kcal", 551,
                    "kcal energy_mifflin_keytel"),
        149: Metric("energy_kcal", "energy kcal", 551, ""),
        170: Metric("sleep_170", "sleep 170", 9010, ""),
        173: Metric("hrvlfnorm", "HRVLFnorm", 9005, ""),
        182: Metric("AVNN", "AVNN", 9007, "avg NN_interval"),
        183: Metric("ASDNN", "ASDNN", 9007, ""),
        301: Metric("activity_histo", "activity histo", 9001, "histogram activity",
                    (), tuple(n / 10 for n in range(11))),
        302: Metric("breathingrate_histo", "breathingrate histo", 9002,
                    "histogram breathing_rate", (), tuple(range(0, 61, 5))),
        303: Metric("cadence_histo", "cadence histo", 9003, "histogram cadence",
                    (), tuple(range(0, 241, 20))),
        501: Metric("speed_max", "Speed Max", 9008, ""),
        502: Metric("speed_avg", "Speed Avg", 9008, ""),
        1032: Metric("SleepTotalTime", "Total Sleep Time", 9007,
                     "code sleep_phase 2 5"),
        **{
            1032 + place: Metric(f"SleepPositionP{place}Time", f"P{place} Time", 9007,
                                 f"code sleep_position {place}")
            for place in range(1, 6)
        },
        1038: Metric("SleepPositionChanges", "Position Changes", 9010, ""),
        1039: Metric("SleepEfficiency", "Sleep Efficiency", 9005, ""),
        1051: Metric("breathingrate_rest_min", "BR Min at Rest", 9002, ""),
        2038: Metric("distance", "Distance", 9009, ""),
    }
)  # fmt: skip

# By id: name, base, category, metrics.
ACTIVITYTYPES: Mapping[int, tuple[str, str, str, tuple[int, ...]]] = MappingProxyType(
    {
        1: ("cycling", "high", "cycling", (44, 139)),
        3: ("general sport", "high", "general sports", (44, 71, 139)),
        8: ("resting", "rest", "resting", (139,)),
        10: ("running", "high", "running", (44, 71, 139)),
        12: ("sleep", "sleep", "sleep", (139, 170, *range(1032, 1040))),
        17: ("lifestyle", "low", "lifestyle", (44, 71, 139)),
        103: ("RAST test", "high", "running", (44, 71, 139)),
        106: ("rest test", "rest", "resting", (44, 50, 1051)),
    }
)
# Where a range is of one of these, sleep channels come as JSON.
QUIET_TYPES = frozenset({8, 12, 106})
# By id: name and unit of what a wearer may note about an activity.
ATTRIBUTES: Mapping[int, tuple[str, int]] = MappingProxyType(
    {1: ("distance", 103), 2: ("fatigue", 2), 3: ("energy", 400)}
)
# By id: name, description, type of activity, metadata.
ROUTINES: Mapping[int, tuple[str, str, int, dict[str, bool]]] = MappingProxyType(
    {
        1: ("bike", "Bicycle or cardio cycling machine", 1, {"geo": True}),
        6: ("jog", "Running or walking", 10, {"geo": True}),
        12: ("sleep", "A night or a nap", 12, {}),
        1013: ("RAST", "Running anaerobic sprint test", 103, {}),
        1016: ("5 min rest test", "Five minutes lying still", 106, {}),
    }
)
