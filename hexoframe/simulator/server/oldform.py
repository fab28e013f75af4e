"""Objects in the old form ``/api/v1/``, which the vendor's reference still prints."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

__all__ = ["as_v1"]

_DROPPED: Mapping[str, tuple[str, ...]] = {
    "annotation": ("last_modified",),
    "range": ("activitytype", "context"),
    "record": ("device_start", "importfile", "metrics"),
    "track": ("end_date", "importfile", "start_date"),
    "trainingroutine": ("importfile", "steps"),
    "profile": ("user",),
}


def as_v1(resource: str, body: dict[str, Any], *, clock: int) -> dict[str, Any]:
    """Return an object with the keys that it has under ``/api/v1/``."""
    old = {k: v for k, v in body.items() if k not in _DROPPED.get(resource, ())}
    if resource == "record":
        start = struct.pack("<Q10sIIII", body["start"], b"HXDEV-AUTO", 0, 0, 0, 0)
        old["data"] = base64.b64encode(start.ljust(60, b"F") + b"\1\0\5\0").decode()
        old |= {"n_uploaded_timelines": 0, "npages": 0}
    elif resource == "annotation":
        modified = datetime.fromisoformat(body["last_modified"])
        old["last_update"] = int(modified.timestamp()) * clock
    elif resource == "range":
        old["duration"] = str(timedelta(seconds=body["duration"]))
    elif resource == "track":
        old["source"] = ""
    elif resource == "trainingroutine":
        old["trainingroutines"] = []
    elif resource == "profile":
        old |= {key: body["fitness"][key] for key in ("height", "weight")}
    elif isinstance(body.get("profile"), dict):
        old["profile"] = as_v1("profile", body["profile"], clock=clock)
    return old
