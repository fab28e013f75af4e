"""The binary export: whole, cut, in byte ranges, and of given vendor exports."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import struct
import wave
import zipfile
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError, FileFormatError
from hexoframe.simulator.export import Quirks, write_export, write_range_export
from hexoframe.simulator.server import default_shirts, serve
from hexoframe.simulator.shirt import Shirt, wear

ZIP = {"Accept": "application/octet-stream"}


def members(body):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(ask, server, query, **more):
    reply = ask(server, f"/api/data/?{query}", **ZIP, **more)
    assert reply.status == 200, reply.body[:200]
    assert reply.headers["Content-Type"] == "application/octet-stream"
    return members(reply.body)


def samples(content):
    with wave.open(io.BytesIO(content)) as opened:
        return np.frombuffer(opened.readframes(opened.getnframes()), dtype="<i2")


# --- synthetic records --------------------------------------------------------------


def test_a_record_comes_as_the_export_that_the_shirt_writes(
    small, ask, short, tmp_path
):
    server = small()
    path = write_export(wear(short), tmp_path / "x.zip")
    assert archive_of(ask, server, "record=41") == members(path.read_bytes())
    reply = ask(server, "/api/data/?record=41", **ZIP)
    assert (
        reply.headers["Content-Disposition"] == 'attachment; filename="record_41.zip"'
    )
    assert "Content-Encoding" not in reply.headers


def test_the_export_is_never_thinned(server, ask):
    worn = wear(default_shirts()[0])
    found = archive_of(ask, server, "record=300001")
    np.testing.assert_array_equal(
        samples(found["record_300001/ECG_I.wav"]), worn.sampled["ECG_I"]
    )


def test_the_export_lacks_battery_and_qrs(server, ask):
    names = archive_of(ask, server, "record=300002")
    assert not any("BATT" in name or "QRS" in name for name in names)


def test_quirks_of_the_export_are_a_switch(small, ask):
    server = small(quirks=Quirks(dialect="2017", hxd=True))
    found = archive_of(ask, server, "record=41")
    assert "record_41/RR_interval.hxd" in found
    assert json.loads(found["record_41/info.json"])["decoder_version"] == "0.5.3"


def test_datatypes_choose_members_by_a_switch(small, ask):
    chosen = archive_of(ask, small(), "record=41&datatype=19,18")
    assert set(chosen) == {
        f"record_41/{name}"
        for name in ("heart_rate.wav", "RR_interval.csv", "info.json", "statistics.csv")
    }
    every = archive_of(ask, small(zip_by_datatype=False), "record=41&datatype=19,18")
    assert "record_41/ECG_I.wav" in every


def test_an_endpoint_gives_its_members(server, ask):
    reply = ask(server, "/api/respiration/?record=300002", **ZIP)
    assert {name.rpartition("/")[2] for name in members(reply.body)} == {
        "respiration_thoracic.wav", "respiration_abdominal.wav", "info.json",
        "statistics.csv",
    }  # fmt: skip


def test_flat_and_seconds_change_nothing_in_the_export(server, ask):
    plain = ask(server, "/api/data/?record=300002", **ZIP).body
    more = "&flat=1&seconds=1&max_values=5"
    assert ask(server, f"/api/data/?record=300002{more}", **ZIP).body == plain


def test_a_cut_begins_on_a_whole_second_of_the_record_and_says_where(small, ask, short):
    server = small()
    worn = wear(short)
    names = "datatype=4113,4129,4146,19,18"
    start, end = short.start + 256 * 30 + 77, short.start + 256 * 40 + 5
    found = archive_of(ask, server, f"record=41&{names}&start={start}&end={end}")
    info = json.loads(found["record_41/info.json"])
    assert info["start"] == short.start + 256 * 30
    for name, rate in (("ECG_I", 256), ("acceleration_Y", 64), ("heart_rate", 1)):
        np.testing.assert_array_equal(
            samples(found[f"record_41/{name}.wav"]).view(np.uint16),
            worn.sampled[name][30 * rate : 41 * rate].view(np.uint16),
        )
    rows = list(csv.reader(io.StringIO(found["record_41/RR_interval.csv"].decode())))[
        1:
    ]
    ticks, values = worn.events["RR_interval"]
    inside = (ticks >= info["start"]) & (ticks < short.start + 41 * 256)
    told = [info["start"] + round(float(second) * 256) for second, _ in rows]
    assert told == ticks[inside].tolist()
    assert [float(v) for _, v in rows] == values[inside].tolist()


def test_pieces_of_time_join_to_the_whole(small, ask, short):
    server = small()
    worn = wear(short)
    borders = [short.start + 256 * second for second in (0, 100, 250, 420)]
    pieces = [
        archive_of(ask, server, f"record=41&start={a}&end={b}&datatype=4113,19,35")
        for a, b in pairwise(borders)
    ]
    for name in ("ECG_I", "heart_rate"):
        joined = np.concatenate([samples(p[f"record_41/{name}.wav"]) for p in pieces])
        np.testing.assert_array_equal(
            joined.view(np.uint16), worn.sampled[name].view(np.uint16)
        )
    lines = [p["record_41/expiration.csv"].count(b"\r\n") - 1 for p in pieces]
    assert sum(lines) == len(worn.events["expiration"][0])


def test_a_cut_with_a_channel_of_300_s_falls_on_its_periods(small, ask):
    shirt = Shirt(seed=2, duration_s=1200, record_id=3, activity="rest")
    worn = wear(shirt)
    server = small(shirt)
    window = f"start={shirt.start + 256 * 400}&end={shirt.start + 256 * 500}"
    found = archive_of(ask, server, f"record=3&datatype=271,19&{window}")
    info = json.loads(found["record_3/info.json"])
    assert info["start"] == shirt.start + 256 * 300
    assert (
        samples(found["record_3/ANN.wav"]).tolist() == worn.sampled["ANN"][1:2].tolist()
    )
    assert len(samples(found["record_3/heart_rate.wav"])) == 300


def test_a_cut_is_a_switch(small, ask, short):
    window = f"start={short.start + 2560}&end={short.start + 5120}"
    whole = archive_of(ask, small(zip_cut=False), f"record=41&{window}")
    assert whole == archive_of(ask, small(), "record=41")


def test_a_range_is_cut_and_stands_in_its_own_folder(server, ask):
    worn = wear(default_shirts()[0])
    span = next(r for r in worn.ranges if r.name == "Walk")
    found = archive_of(ask, server, f"range={span.id}")
    top = f"range_{span.id}/record_300001"
    info = json.loads(found[f"{top}/info.json"])
    assert info["request"] == f"/api/data/?range={span.id}"
    # The record has channels of 300 s, on whose periods the cut falls.
    assert info["start"] <= span.start < info["start"] + 300 * 256
    assert (info["start"] - worn.start) % (300 * 256) == 0
    late = (info["start"] - worn.start) // 256
    np.testing.assert_array_equal(
        samples(found[f"{top}/acceleration_X.wav"])[:6400],
        worn.sampled["acceleration_X"][64 * late :][:6400],
    )


def test_nothing_is_an_archive_without_members(server, ask):
    assert archive_of(ask, server, "record=300031") == {}
    assert archive_of(ask, server, "record=300001&start=5&end=9") == {}


def test_a_record_that_is_not_synced_is_an_archive_without_members(small, ask):
    server = small()
    server.world.change_record(41, status="queued")
    assert archive_of(ask, server, "record=41") == {}


def test_a_service_without_the_binary_refuses_it(small, ask):
    reply = ask(small(binary=False), "/api/data/?record=41", **ZIP)
    assert reply.status == 400


# --- parts over HTTP ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-99", slice(0, 100)), ("bytes=1000-", slice(1000, None)),
        ("bytes=-50", slice(-50, None)), ("bytes=10-99999999", slice(10, None)),
    ],
)  # fmt: skip
def test_a_part_of_the_export_is_sent(server, ask, wanted, part):
    path = "/api/data/?record=300002"
    whole = ask(server, path, **ZIP)
    reply = ask(server, path, Range=wanted, **ZIP)
    assert reply.status == 206
    assert reply.body == whole.body[part]
    first, last, size = part.indices(len(whole.body))[0], None, len(whole.body)
    last = first + len(reply.body) - 1
    assert reply.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    assert reply.headers["ETag"] == whole.headers["ETag"]
    assert server.log[-1].range == wanted


def test_a_part_past_the_end_gives_416(server, ask):
    reply = ask(server, "/api/data/?record=300002", Range="bytes=99999999-", **ZIP)
    assert reply.status == 416
    assert reply.headers["Content-Range"].startswith("bytes */")


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-9", "lines=0-9", "bytes=a-b", "bytes="]
)
def test_a_range_that_is_not_understood_brings_the_whole(server, ask, wanted):
    reply = ask(server, "/api/data/?record=300002", Range=wanted, **ZIP)
    assert reply.status == 200


def test_if_range_brings_the_whole_where_the_export_changed(server, ask):
    path = "/api/data/?record=300002"
    tag = ask(server, path, **ZIP).headers["ETag"]
    same = ask(server, path, Range="bytes=5-9", If_Range=tag, **ZIP)
    other = ask(server, path, Range="bytes=5-9", If_Range='"old"', **ZIP)
    assert (same.status, other.status) == (206, 200)


def test_parts_are_a_switch(small, ask):
    server = small(http_ranges=False)
    reply = ask(server, "/api/data/?record=41", Range="bytes=0-9", **ZIP)
    assert reply.status == 200
    assert "Accept-Ranges" not in reply.headers


# --- given exports ------------------------------------------------------------------


def shift(start, content):
    """Return ticks and texts of an event file, decoded by hand."""
    head, *lines = content.decode().splitlines()
    assert head.startswith("time [s]")
    rows = [line.split(",") for line in lines if line]
    return [start + int(Fraction(a) * 256) for a, _ in rows], [b for _, b in rows]


def by_hand(content):
    """Return rate and signed samples of a WAV by the place of its bytes."""
    rate = struct.unpack_from("<I", content, 24)[0]
    size = struct.unpack_from("<I", content, 40)[0]
    return rate, struct.unpack(f"<{size // 2}h", content[44 : 44 + size])


REAL = {
    "hexoskin-256696": {"minutes": 36, "weight": 50},
    "hexoskin-258583": {"minutes": 48, "weight": 84},
    "astroskin-122445": {"minutes": 2, "weight": None},
}


@pytest.fixture(params=sorted(REAL))
def real_export(request, real_data):
    return real_data / "exports" / request.param


def number_of(folder: Path) -> int:
    return int(folder.name.rpartition("-")[2])


def test_a_real_folder_is_served_file_by_file(real_export, ask):
    number = number_of(real_export)
    with serve(exports=[real_export]) as server:
        found = archive_of(ask, server, f"record={number}")
    assert found == {
        f"record_{number}/{file.name}": file.read_bytes()
        for file in real_export.iterdir()
    }


def test_a_real_zip_is_served_byte_by_byte(real_export, ask, tmp_path):
    number = number_of(real_export)
    room = tmp_path / "room" / f"record_{number}"
    shutil.copytree(real_export, room)
    path = Path(shutil.make_archive(str(tmp_path / "given"), "zip", room.parent))
    with serve(recordings=(), exports=[path]) as server:
        reply = ask(server, f"/api/data/?record={number}", **ZIP)
        assert reply.body == path.read_bytes()
        (body,) = ask(server, "/api/record/").objects
    info = json.loads((real_export / "info.json").read_text())
    assert (body["id"], body["start"]) == (number, info["start"])
    assert body["user"]["id"] == info["user"]


# id, file, what a count is in JSON; unsigned ones are given modulo 65536.
CHANNELS = [
    (4113, "ECG_I", 1), (4129, "respiration_thoracic", 1),
    (4145, "acceleration_X", 1 / 256),
    (19, "heart_rate", 1), (36, "minute_ventilation", 13.28), (49, "activity", 1 / 256),
    (64, "PPG", 1), (81, "temperature_celcius", 1 / 256), (66, "SPO2", 1),
]  # fmt: skip


def test_a_real_export_as_json_is_what_its_files_hold(real_export, ask):
    number = number_of(real_export)
    start = json.loads((real_export / "info.json").read_text())["start"]
    with serve(exports=[real_export]) as server:
        span = f"start={start}&end={start + 200 * 256}"
        ids = ",".join(str(n) for n, _, _ in CHANNELS)
        (one,) = ask(server, f"/api/data/?record={number}&{span}&datatype={ids}").json()
        for key, name, gain in CHANNELS:
            file = real_export / f"{name}.wav"
            if not file.exists():
                assert str(key) not in one["data"]
                continue
            rate, counts = by_hand(file.read_bytes())
            found = one["data"][str(key)]
            late = 1 if rate == 1 else 0
            step = 256 // rate
            inside = [
                (
                    start + step * (n + late),
                    (c if c >= 0 or key in SIGNED else c + 65536),
                )
                for n, c in enumerate(counts)
                if step * (n + late) <= 200 * 256
            ]
            thin = math.ceil(len(inside) / 65536)
            wanted = [[t, c if gain == 1 else c * gain] for t, c in inside[::thin]]
            assert found == wanted, name


SIGNED = {4145, 81}


def test_real_events_as_json_are_what_the_files_hold(real_export, ask):
    number = number_of(real_export)
    start = json.loads((real_export / "info.json").read_text())["start"]
    with serve(exports=[real_export]) as server:
        query = f"record={number}&datatype=18,1004,35,52"
        (one,) = ask(server, f"/api/data/?{query}").json()
    for key, name, per in (
        ("18", "RR_interval", 256), ("1004", "RR_interval_quality", 1),
        ("35", "expiration", 1), ("52", "step", 1),
    ):  # fmt: skip
        ticks, texts = shift(start, (real_export / f"{name}.csv").read_bytes())
        assert [t for t, _ in one["data"][key]] == ticks
        assert [v for _, v in one["data"][key]] == [float(x) / per for x in texts]


def test_real_adjusted_volumes_are_unrounded_where_the_weight_shows(real_data, ask):
    for name in ("hexoskin-256696", "hexoskin-258583"):
        folder = real_data / "exports" / name
        with serve(exports=[folder]) as server:
            query = f"record={number_of(folder)}&datatype=38,39"
            (one,) = ask(server, f"/api/data/?{query}").json()
        for key, base, unit in (
            ("38", "minute_ventilation", 10), ("39", "tidal_volume", 1),
        ):  # fmt: skip
            found = np.array([value for _, value in one["data"][key]])
            _, plain = by_hand((folder / f"{base}.wav").read_bytes())
            counts = np.array(plain).astype(np.uint16)
            wanted = counts * 13.28 * REAL[name]["weight"] / 65
            np.testing.assert_allclose(found, wanted, rtol=1e-12)
            _, told = by_hand((folder / f"{base}_adjusted.wav").read_bytes())
            floored = np.array(told).astype(np.uint16)
            near = np.abs(np.floor(found / unit + 1e-9) % 65536 - floored)
            assert near.max() == 0


def test_a_real_cut_is_the_part_of_the_files(real_export, ask):
    number = number_of(real_export)
    start = json.loads((real_export / "info.json").read_text())["start"]
    with serve(exports=[real_export]) as server:
        span = f"start={start + 2560 + 7}&end={start + 5120}"
        query = f"record={number}&{span}&datatype=4113,19,18"
        found = archive_of(ask, server, query)
    top = f"record_{number}"
    assert json.loads(found[f"{top}/info.json"])["start"] == start + 2560
    for name, rate in (("ECG_I", 256), ("heart_rate", 1)):
        _, counts = by_hand((real_export / f"{name}.wav").read_bytes())
        assert by_hand(found[f"{top}/{name}.wav"]) == (
            rate,
            counts[10 * rate : 20 * rate],
        )
    ticks, texts = shift(start, (real_export / "RR_interval.csv").read_bytes())
    told = shift(start + 2560, found[f"{top}/RR_interval.csv"])
    kept = [
        pair for pair in zip(ticks, texts, strict=True)
        if start + 2560 <= pair[0] < start + 5120
    ]  # fmt: skip
    assert list(zip(*told, strict=True)) == kept


def test_a_press_of_the_button_in_a_real_export_is_an_annotation(real_data, ask):
    with serve(exports=[real_data / "exports" / "hexoskin-256696"]) as server:
        marks = ask(server, "/api/annotation/?record=256696").objects
    assert [(m["id"], m["start"]) for m in marks] == [(112046, 426906777876)]
    assert marks[0]["datatype"] == "/api/datatype/215/"


def test_the_family_of_the_astroskin_export_is_seen(real_data, ask):
    with serve(
        recordings=(), exports=[real_data / "exports/astroskin-122445"]
    ) as server:
        (body,) = ask(server, "/api/record/").objects
        assert server.world.family == "astroskin_256"
        # The old statistics tell no end: it is that of the longest waveform.
        assert body["end"] - body["start"] == 129 * 256


@pytest.mark.parametrize("layout", ["zip", "folder"])
def test_a_given_synthetic_export_answers_like_the_record_itself(
    layout, small, ask, short, tmp_path
):
    path = write_export(wear(short), tmp_path / "given", layout=layout)
    with serve(recordings=(), exports=[path]) as server:
        query = (
            "/api/data/?record=41&datatype=4113,4130,4147,19,36,38,39,18,318,34,52,280"
        )
        given = ask(server, query).json()
        assert given == ask(small(), query).json()
        # Positions too, as far as the export tells: it has the sleep, by its phases.
        query = "/api/data/?record=41&datatype=270,269"
        assert ask(server, query).json() == ask(small(), query).json()
        assert archive_of(ask, server, "record=41") == archive_of(
            ask, small(), "record=41"
        )


def test_hxd_files_are_read_too(small, ask, short, tmp_path):
    quirks = Quirks(hxd=True)
    path = write_export(wear(short), tmp_path / "x.zip", quirks=quirks)
    with serve(recordings=(), exports=[path]) as server:
        query = "/api/data/?record=41&datatype=18,52"
        assert ask(server, query).json() == ask(small(), query).json()


def test_the_zip_of_a_range_is_served_for_it_and_its_records_alone(ask, tmp_path):
    shirts = (
        Shirt(record_id=71, duration_s=60, seed=1),
        Shirt(record_id=72, duration_s=60, seed=2, start=1_709_331_000 * 256),
    )
    path = write_range_export(map(wear, shirts), tmp_path / "r.zip", range_id=700)
    with serve(recordings=(), exports=[path]) as server:
        assert ask(server, "/api/data/?range=700", **ZIP).body == path.read_bytes()
        both = archive_of(ask, server, "range=700&datatype=19")
        assert {name.rpartition("/")[0] for name in both} == {
            "range_700/record_71", "range_700/record_72",
        }  # fmt: skip
        alone = archive_of(ask, server, "record=72")
        assert {name.partition("/")[0] for name in alone} == {"record_72"}
        body = ask(server, "/api/range/700/").json()
        assert body["start"] == shirts[0].start
        (one,) = ask(server, "/api/data/?range=700&datatype=19").json()
        assert len(one["data"]["19"]) == 120


def test_an_export_of_the_fast_clock_brings_its_own_world(ask, tmp_path):
    shirt = Shirt(family="astroskin_1000", record_id=8, duration_s=30)
    path = write_export(wear(shirt), tmp_path / "x.zip")
    with serve(exports=[path]) as server:
        assert server.world.clock == 1000
        assert ask(server, "/api/record/8/").json()["start"] == shirt.start
        assert ask(server, "/api/record/300001/").status == 200


def test_what_is_no_export_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("no zip")
    for name in ("empty", "text", "missing"):
        with (
            pytest.raises(ConfigurationError, match=name),
            serve(recordings=(), exports=[tmp_path / name]),
        ):
            pass


@pytest.mark.parametrize(
    ("change", "said"), [({"start": 5}, "no tick"), ({"user": None}, "user")]
)
def test_an_export_that_does_not_tell_what_it_is_is_refused(
    short, tmp_path, change, said
):
    folder = write_export(wear(short), tmp_path, layout="folder")
    info = json.loads((folder / "info.json").read_text())
    (folder / "info.json").write_text(json.dumps(info | change))
    with pytest.raises(FileFormatError, match=said), serve(exports=[folder]):
        pass


def test_records_of_two_clocks_or_of_one_id_do_not_go_together(short):
    fast = Shirt(family="astroskin_1000", record_id=8, duration_s=30)
    with (
        pytest.raises(ConfigurationError, match="start two"),
        serve(recordings=[short, fast]),
    ):
        pass
    with (
        pytest.raises(ConfigurationError, match="41"),
        serve(recordings=[short, short]),
    ):
        pass


# --- a real export through the client, from its ZIP and from JSON -------------------


EXPORTS = [
    "astroskin-122445",
    pytest.param("hexoskin-256696", marks=pytest.mark.slow),
    pytest.param("hexoskin-258583", marks=pytest.mark.slow),
]
# Unit to which the binary cuts the volumes that are adjusted to the weight.
FLOORED = {"minute_ventilation_adjusted": 10, "tidal_volume_adjusted": 1}


@pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
@pytest.mark.parametrize("name", EXPORTS)
def test_a_real_export_loads_equal_as_zip_and_as_json(real_data, name):
    number = int(name.rpartition("-")[2])
    with (
        serve(recordings=(), exports=[real_data / "exports" / name]) as server,
        hexoframe.connect(
            server.base_url,
            username=server.username,
            password=server.password,
            cache=False,
        ) as client,
    ):
        packed = client.load_record(number, transport="zip").load()
        paged = client.load_record(number, transport="json").load()
        family = server.world.family
        asked = [entry.accept for entry in server.log if "/api/data/" in entry.path]
    assert "application/octet-stream" in asked
    assert asked[-1] == "application/json"
    compared = 0
    for channel, facts in channels_of(family).items():
        one, other = packed[channel], paged[channel]
        if all(row.carrier == "both" for row in facts.datatypes):
            pd.testing.assert_frame_equal(one, other, check_exact=True)
            compared += len(one) > 0
        elif channel in FLOORED and name.startswith("hexoskin"):
            lost = other - one
            assert ((lost >= -1e-9) & (lost < FLOORED[channel])).to_numpy().all()
            assert (lost > 0).to_numpy().any()
        elif channel in {"device_position", "sleep_position"}:
            # The export tells no range of sleep or rest, outside which JSON has none.
            assert len(one) > len(other) == 0
    assert compared > 15
    if family == "astroskin_256":
        # Its file holds a second more than the record is long; both ways bring it.
        ends = packed.temperature_celsius.index[-1], paged.temperature_celsius.index[-1]
        assert ends[0] == ends[1] > packed.end
