"""The EDF form: read back by the places of its header, compared with the counts."""

from __future__ import annotations

import numpy as np
import pytest

import hexoframe
from hexoframe.errors import MissingFactsWarning
from hexoframe.simulator.server import default_shirts, serve
from hexoframe.simulator.shirt import Shirt, wear

EDF = {"Accept": "application/x-edf"}
WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
NAMES = (
    "label", "transducer", "unit", "low", "high", "first", "last", "filter", "rate",
    "reserved",
)  # fmt: skip


def read(body):
    """Return the fields of the file, the signals by label, and their digital values."""
    head = body[:256].decode("ascii")
    count, seconds = int(head[252:256]), int(head[236:244])
    assert int(head[184:192]) == 256 * (count + 1)
    place, table = 256, {}
    for name, width in zip(NAMES, WIDTHS, strict=True):
        table[name] = [
            body[place + width * n :][:width].decode("ascii").strip()
            for n in range(count)
        ]
        place += width * count
    rates = [int(rate) for rate in table["rate"]]
    data = np.frombuffer(body[place:], "<i2").reshape(seconds, sum(rates))
    ends = np.cumsum(rates)
    values = {
        label: data[:, end - rate : end].ravel().astype(int)
        for label, rate, end in zip(table["label"], rates, ends, strict=True)
    }
    signals = {
        label: {name: table[name][n] for name in NAMES}
        for n, label in enumerate(table["label"])
    }
    return head, signals, values


def physical(signal, digital):
    low, high = float(signal["low"]), float(signal["high"])
    return (digital + 32768.0) * (high - low) / 65535 + low


def test_edf_holds_each_count_of_the_regular_channels(server, ask):
    reply = ask(server, "/api/data/?record=300002", **EDF)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/x-edf"
    told = 'attachment; filename="record_300002.edf"'
    assert reply.headers["Content-Disposition"] == told
    _, signals, values = read(reply.body)
    worn = wear(default_shirts()[1])
    for label, name, unit in (
        ("4113:ECG_I", "ECG_I", "mV"), ("4129:resp_thorac", "respiration_thoracic", ""),
        ("4130:resp_abdomi", "respiration_abdominal", ""),
        ("4145:accel_X", "acceleration_X", "g"), ("19:heart_rate", "heart_rate", "bpm"),
        ("36:minute_ventil", "minute_ventilation", "mL/min"),
    ):  # fmt: skip
        counts = worn.sampled[name]
        shift = 0 if name.startswith(("ECG", "acc")) else 32768
        np.testing.assert_array_equal(values[label] + shift, counts)
        assert not unit or signals[label]["unit"] == unit
    millivolts = physical(signals["4113:ECG_I"], values["4113:ECG_I"])
    np.testing.assert_allclose(
        millivolts, worn.sampled["ECG_I"] * 0.0064 - 8.704, atol=1e-4
    )
    g = physical(signals["4145:accel_X"], values["4145:accel_X"])
    np.testing.assert_allclose(g, worn.sampled["acceleration_X"] / 256, atol=1e-4)


def test_open_record_reads_the_counts_of_the_service_s_edf(server, ask, tmp_path):
    worn = wear(default_shirts()[1])
    path = tmp_path / "record_300002.edf"
    path.write_bytes(ask(server, "/api/data/?record=300002", **EDF).body)
    with pytest.warns(MissingFactsWarning, match="whole seconds"):
        record = hexoframe.open_record(path, units="raw")
    assert (record.id, record.start_tick) == (300_002, worn.start - worn.start % 256)
    for name in ("ECG_I", "respiration_abdominal", "acceleration_Z", "cadence"):
        sampled = worn.sampled[name]
        found = record[name].iloc[:, 0].to_numpy()[: len(sampled)]
        assert (found == sampled).all(), name


def test_the_header_of_edf_tells_who_when_and_which_record(server, ask):
    head, *_ = read(ask(server, "/api/data/?record=300002", **EDF).body)
    assert head[8:88].rstrip().endswith("hexoskin_user_id=20001")
    assert "Anna_Synthetic" in head[8:88]
    assert head[88:168].startswith("Startdate 03-MAR-2024 ")
    assert head[88:168].rstrip().endswith("hexoskin_record_id=300002")
    assert head[168:184] == "03.03.2422.00.00"
    start = ask(server, "/api/record/300002/").json()["start_date"]
    assert start == "2024-03-03T22:00:00+00:00"


def test_a_last_second_that_is_not_whole_is_filled_with_its_last_value(server, ask):
    carla = "coach.synthetic@example.org"
    reply = ask(server, "/api/data/?record=300012&datatype=4113", user=carla, **EDF)
    _, _, values = read(reply.body)
    counts = wear(default_shirts()[5]).sampled["ECG_I"]
    assert len(counts) == 300.25 * 256
    found = values["4113:ECG_I"]
    assert len(found) == 301 * 256
    np.testing.assert_array_equal(found[: len(counts)], counts)
    assert set(found[len(counts) :].tolist()) == {int(counts[-1])}


def test_edf_is_cut_in_whole_seconds_and_by_datatype(small, ask, short):
    server = small()
    span = f"start={short.start + 256 * 30}&end={short.start + 256 * 40}"
    reply = ask(server, f"/api/data/?record=41&datatype=19,18,4113&{span}", **EDF)
    head, signals, values = read(reply.body)
    assert list(signals) == ["4113:ECG_I", "19:heart_rate"]  # beats have no place in it
    worn = wear(short)
    ecg = worn.sampled["ECG_I"][30 * 256 : 40 * 256]
    np.testing.assert_array_equal(values["4113:ECG_I"], ecg)
    assert head[176:184] == "22.00.30"


def test_edf_of_the_other_host_has_its_rates(ask):
    shirt = Shirt(seed=5, family="astroskin_1000", duration_s=20, record_id=9)
    with serve(recordings=[shirt]) as server:
        _, signals, values = read(ask(server, "/api/data/?record=9", **EDF).body)
    rates = {label: int(signal["rate"]) for label, signal in signals.items()}
    assert (rates["4113:ECG_I"], rates["4129:resp_thorac"]) == (250, 125)
    assert (rates["64:PPG"], rates["4145:accel_X"]) == (75, 50)
    ppg = wear(shirt).sampled["PPG"]
    np.testing.assert_array_equal(values["64:PPG"] + 32768, ppg)


def test_edf_of_a_real_export_holds_its_counts(real_data, ask):
    folder = real_data / "exports" / "hexoskin-256696"
    with serve(recordings=(), exports=[folder]) as server:
        _, signals, values = read(ask(server, "/api/data/?record=256696", **EDF).body)
    ecg = np.frombuffer((folder / "ECG_I.wav").read_bytes()[44:], "<i2")
    np.testing.assert_array_equal(values["4113:ECG_I"][: len(ecg)], ecg)
    # What a real file has: no leads II and III, whose files hold a header only.
    assert not any(label.startswith(("4114", "4115")) for label in signals)


@pytest.mark.parametrize(("query", "status"), [
    ("record=300031", 404), ("user=20001", 501), ("record=x", 400),
])  # fmt: skip
def test_edf_of_no_record_or_of_several_is_refused(server, ask, query, status):
    assert ask(server, f"/api/data/?{query}", **EDF).status == status


def test_a_service_without_the_binary_has_no_edf_either(small, ask):
    assert ask(small(binary=False), "/api/data/?record=41", **EDF).status == 400
