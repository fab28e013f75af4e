"""Reads a page of a view as its script does, written from the form alone.

`encoding` packs; nothing of it is used here.
"""

from __future__ import annotations

import base64
import json
import re
import zlib

import numpy as np

SCRIPT = re.compile(r'<script[^>]* id="([\w-]+)">(.*?)</script>', re.DOTALL)
WIDTHS = {"u16": 2, "u32": 4, "f64": 8}


def parts_of(page):
    """Text of the scripts of a page by their ids."""
    return dict(SCRIPT.findall(page))


def facts_of(page):
    return json.loads(parts_of(page)["facts"])


def numbers_of(pack, texts):
    """Numbers of a packed array; missing ones are NaN."""
    text = texts[pack["data"][1:]] if pack["data"].startswith("#") else pack["data"]
    raw = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    width = WIDTHS[pack["form"]]
    rows = np.ascontiguousarray(raw.reshape(width, pack["n"]).T)
    if pack["form"] == "f64":
        return rows.view("<f8").ravel()
    zigzag = rows.view(f"<u{width}").ravel().astype(np.uint64)
    steps = (zigzag >> np.uint64(1)).astype(np.int64)
    steps = np.where(zigzag & np.uint64(1), -steps - 1, steps)
    found = np.cumsum(steps) % 2 ** (8 * width)
    missing = found == 2 ** (8 * width) - 1
    return np.where(missing, np.nan, (found + pack["base"]).astype(np.float64))


def values_of(pack, texts):
    """Values of a column as the frame has them."""
    values = numbers_of(pack, texts) * pack["gain"] + pack["offset"]
    return values.astype(np.float32) if pack["single"] else values


def ticks_of_times(times, texts):
    if "ticks" in times:
        return numbers_of(times["ticks"], texts).astype(np.int64)
    runs = np.array(times["runs"], np.int64).reshape(-1, 2)
    each = [first + np.arange(count) * times["step"] for first, count in runs.tolist()]
    return np.concatenate(each) if each else np.zeros(0, np.int64)
