"""EDF of the vendor and of others: opened, or refused with the reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    HexoframeError,
    IncompleteDataError,
    MissingFactsWarning,
    MissingSamplesWarning,
    SkippedChannelWarning,
)
from tests.formats.edf.made import ECG, EEG, annotations, edf, foreign
from tests.formats.shirts import made

START = "2024-03-02T01:02:03Z"
# The vendor's labels, with names cut and counts of both signs.
SIGNALS = [
    ("4113:ECG_I", "mV", ("-218.419", "201.0048"), (-32768, 32767), 256),
    ("4129:resp_thorac", "", ("0", "65535"), (-32768, 32767), 128),
    ("4130:resp_abdomi", "", ("0", "65535"), (-32768, 32767), 128),
    ("4145:accel_X", "g", ("-128", "127.996"), (-32768, 32767), 64),
    ("19:heart_rate", "bpm", ("0", "65535"), (-32768, 32767), 1),
    ("38:minute_ventil", "mL/min", ("0", "655350"), (-32768, 32767), 1),
]
PEOPLE = {
    "patient": "7 F 01-JAN-1980 Zoë_Müller hexoskin_user_id=7",
    "recording": "Startdate 02-MAR-2024 X X HX1 hexoskin_record_id=123",
}


def counts(number):
    """Counts of the recorder, of data record `number`."""
    return {
        "ecg_i": 1000 + number + np.arange(256),
        "respiration_thoracic": 33_000 + 3 * np.arange(128),
        "respiration_abdominal": 100 * number + np.arange(128),
        "acceleration_x": np.arange(64) - 32,
        "heart_rate": np.array([60 + number]),
        "minute_ventilation_adjusted": np.array([777]),
    }


def vendor(records=4, **more):
    shifts = [0, 32_768, 32_768, 0, 32_768, 32_768]
    body = [
        [
            values - shift
            for values, shift in zip(counts(n).values(), shifts, strict=True)
        ]
        for n in range(records)
    ]
    return edf(SIGNALS, body, **{**PEOPLE, **more})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.edf"


def opened(path, data, **how):
    path.write_bytes(data)
    with pytest.warns(MissingFactsWarning, match="start in whole seconds only"):
        return hexoframe.open_record(path, **how)


# -- the vendor's files ----------------------------------------------------------------


def test_a_file_of_the_vendor_gives_the_counts_of_the_recorder(path):
    record = opened(path, vendor(), units="raw")
    assert (record.family, record.id) == ("hexoskin", 123)
    assert list(record) == [
        "ecg", "respiration", "acceleration", "heart_rate",
        "minute_ventilation_adjusted",
    ]  # fmt: skip
    for column in counts(0):
        frame = record[column]
        wanted = np.concatenate([counts(number)[column] for number in range(4)])
        assert (frame[column].to_numpy() == wanted).all(), column


def test_its_values_have_the_scale_of_the_channel_table(path):
    record = opened(path, vendor())
    ecg = np.concatenate([counts(n)["ecg_i"] for n in range(4)]) * 0.0064 - 8.704
    assert (record["ecg"]["ecg_i"].to_numpy() == ecg.astype(np.float32)).all()
    assert record["minute_ventilation_adjusted"].iloc[0, 0] == 7770
    assert record["acceleration"]["acceleration_y"].isna().all()


def test_a_value_at_1_hz_is_stamped_at_the_end_of_its_second(path):
    record = opened(path, vendor())
    assert record.start == pd.Timestamp(START)
    assert record["ecg"].index[1] == pd.Timestamp(START) + pd.Timedelta(3_906_250)
    assert record["heart_rate"].index.tolist() == [
        pd.Timestamp(START) + pd.Timedelta(seconds=n) for n in range(1, 5)
    ]
    assert record["heart_rate"].iloc[:, 0].tolist() == [60, 61, 62, 63]


def test_the_caller_may_know_the_tick_at_which_it_starts(path):
    path.write_bytes(vendor())
    start = pd.Timestamp(START) + pd.Timedelta(77 * 3_906_250)
    record = hexoframe.open_record(path, start=start)
    assert record["ecg"].index[0] == start
    assert record.start_tick % 256 == 77
    with pytest.raises(ConfigurationError, match="starts within the second of"):
        hexoframe.open_record(path, start=start + pd.Timedelta("1s"))


def test_names_of_people_stay_out(path):
    record = opened(path, vendor())
    assert set(record.facts.info) == {"id", "provenance"}
    assert "Zo" not in repr(record)


def test_the_name_decides_and_not_the_id(path):
    other = [(f"9{label[1:]}", *rest) for label, *rest in SIGNALS[:4]]
    body = [
        [
            values[:size]
            for values, size in zip(
                [np.arange(256), np.arange(128), np.arange(128), np.arange(64)],
                [256, 128, 128, 64],
                strict=True,
            )
        ]
    ]
    record = opened(path, edf(other, body))
    assert list(record) == ["ecg", "respiration", "acceleration"]


def test_the_id_decides_where_two_names_were_cut_alike(path):
    signals = [
        ("1003:temperature", "", ("0", "65535"), (-32768, 32767), 1),
        ("80:temperature", "", ("0", "65535"), (-32768, 32767), 1),
        ("4114:ECG_II", "mV", ("-8.704", "17.504"), (0, 4095), 256),
    ]
    record = opened(path, edf(signals, [[[-32766], [-32768], [0] * 256]]), units="raw")
    assert record.family == "astroskin_256"
    assert record["temperature_quality"].iloc[0, 0] == 2
    assert record["temperature"].iloc[0, 0] == 0


def test_the_rates_tell_the_clock(path):
    signals = [("4113:ECG_I", "mV", ("-32.768", "32.767"), (-32768, 32767), 250)]
    record = opened(path, edf(signals, [[[5] * 250]] * 2), units="raw")
    assert record.family == "astroskin_1000"
    assert record["ecg"].index[1] - record["ecg"].index[0] == pd.Timedelta("4ms")


def test_other_programs_may_write_microvolts_and_longer_data_records(path):
    signals = [("ECG_I", "uV", ("-8704", "17504"), (0, 4095), 512)]
    record = opened(path, edf(signals, [[[1360] * 512]], duration=2))
    assert record["ecg"]["ecg_i"].abs().max() < 1e-6
    assert len(record["ecg"]) == 512


def test_a_signal_that_was_scaled_anew_keeps_its_values(path):
    signals = [("4113:ECG_I", "mV", ("-1", "1"), (-32768, 32767), 256)]
    record = opened(path, edf(signals, [[[16384] * 256]]))
    assert record["ecg"]["ecg_i"].iloc[0] == pytest.approx(0.5000229, abs=1e-7)


def test_what_is_no_channel_is_left_out_with_a_warning(path):
    path.write_bytes(edf([ECG, EEG], [[[0] * 256, [0] * 100]]))
    with (
        pytest.warns(SkippedChannelWarning, match="'EEG Fpz-Cz' are left out"),
        pytest.warns(MissingFactsWarning),
    ):
        assert list(hexoframe.open_record(path)) == ["ecg"]


def test_annotations_of_others_are_annotations_of_the_record(path):
    told = b"+0.5\x14\x14\0+1.25\x152\x14Lights off\x14\0-0.5\x14a\x14b\x14\0"
    data = edf(
        [ECG, annotations(40)], [[[0] * 256, told], [[0] * 256, b"+1.5\x14\x14\0"]],
        reserved="EDF+C",
    )  # fmt: skip
    path.write_bytes(data)
    record = hexoframe.open_record(path)
    assert record.start == pd.Timestamp(START) + pd.Timedelta("0.5s")
    assert record.annotations["comment"].tolist() == ["Lights off", "a; b"]
    assert record.annotations.index[0] == pd.Timestamp(START) + pd.Timedelta("1.25s")


@pytest.mark.filterwarnings("ignore::hexoframe.errors.MissingFactsWarning")
def test_a_file_with_breaks_is_read_at_the_times_of_its_records(path):
    times = [b"+0", b"+1", b"+100.5", b"+101.5"]
    body = [[[n] * 256, time + b"\x14\x14\0"] for n, time in enumerate(times)]
    path.write_bytes(edf([ECG, annotations(20)], body, reserved="EDF+D"))
    record = hexoframe.open_record(path, units="raw")
    first = pd.Timestamp(START)
    assert record["ecg"].index[512] == first + pd.Timedelta("100.5s")
    assert (record["ecg"]["ecg_i"].to_numpy() == np.repeat(range(4), 256)).all()
    (gap,) = record.gaps("ecg").itertuples()
    assert (gap.start, gap.end) == (
        first + pd.Timedelta("2s"),
        first + pd.Timedelta("100.5s"),
    )
    body[2][1] = b"+1.5\x14\x14\0"
    path.write_bytes(edf([ECG, annotations(20)], body, reserved="EDF+D"))
    with pytest.raises(FileFormatError, match="data record 2 begins before"):
        hexoframe.open_record(path)


# -- refused ---------------------------------------------------------------------------


def test_a_file_of_another_maker_is_named(path):
    path.write_bytes(foreign())
    with pytest.raises(FileFormatError, match="an EDF file of another maker"):
        hexoframe.open_record(path)
    with pytest.raises(FileFormatError, match="another maker"):
        hexoframe.open_record(path, model="hexoskin")


@pytest.mark.parametrize(
    ("start", "bytes_", "why"),
    [
        (0, b"\xef\xbb\xbf0       ", "mark of byte order"),
        (168, b"32.03.24", "which is no time"),
        (168, b"2024-3-2", "which is no time"),
        (184, b"512     ", "claims 512 bytes"),
        (184, b"many    ", "no whole number"),
        (236, b"999     ", "holds 4 of 999 data records"),
        (236, b"2       ", "its header claims 2 data records"),
        (236, b"-7      ", "it claims -7 data records"),
        (244, b"0       ", "its data records last '0' s"),
        (244, b"1e9     ", "its data records last '1e9' s"),
        (252, b"0   ", "it claims 0 signals"),
        (252, b"9999", "it claims 9999 signals"),
    ],
)
def test_a_damaged_header_is_refused_with_the_reason(path, start, bytes_, why):
    data = bytearray(vendor())
    data[start : start + len(bytes_)] = bytes_
    path.write_bytes(data)
    with pytest.raises((FileFormatError, IncompleteDataError), match=why):
        hexoframe.open_record(path)


@pytest.mark.parametrize(
    ("signal", "why"),
    [
        (("4113:ECG_I", "kPa", ("-8.704", "17.504"), (0, 4095), 256), r"unit \[kPa\]"),
        (("4113:ECG_I", "mV", ("a", "17.504"), (0, 4095), 256), "are no scale"),
        (("4113:ECG_I", "mV", ("nan", "17.504"), (0, 4095), 256), "are no scale"),
        (("4113:ECG_I", "mV", ("1e99", "2e99"), (5, 5), 256), "are no scale"),
        (("4113:ECG_I", "mV", ("1", "1"), (0, 4095), 256), "would be 1"),
    ],
)
def test_a_signal_without_a_scale_is_refused(path, signal, why):
    path.write_bytes(edf([signal], [[[0] * 256]]))
    with (
        pytest.raises(FileFormatError, match=why),
        pytest.warns(MissingFactsWarning),
    ):
        hexoframe.open_record(path)


def test_a_file_that_was_cut_is_incomplete_and_may_be_read_in_part(path):
    data = vendor()
    path.write_bytes(data[:-1])
    with pytest.raises(IncompleteDataError, match="holds 3 of 4 data records"):
        hexoframe.open_record(path)
    with (
        pytest.warns(MissingSamplesWarning, match="holds 3 of 4"),
        pytest.warns(MissingFactsWarning),
    ):
        record = hexoframe.open_record(path, allow_partial=True)
    assert len(record["ecg"]) == 3 * 256
    (gap,) = record.gaps("ecg").itertuples()
    assert (gap.cause, gap.end) == ("transfer", record.end)


@pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
@pytest.mark.parametrize("partial_too", [False, True])
def test_a_file_cut_at_any_byte_is_a_record_or_an_error_of_hexoframe(
    tmp_path, path, partial_too
):
    whole = made(3, names=("respiration", "rr_interval")).to_edf(tmp_path / "a.edf")
    data = whole.read_bytes()
    lengths = []
    for length in range(0, len(data), 101 if partial_too else 31):
        path.write_bytes(data[:length])
        try:
            record = hexoframe.open_record(path, allow_partial=partial_too).load()
        except HexoframeError:
            continue
        lengths.append(len(record["respiration"]))
    assert set(lengths) <= ({128, 256} if partial_too else set())


@pytest.mark.parametrize(
    "note",
    [
        b'hexoframe {"family": "fish", "start": 1, "end": 2}',
        b'hexoframe {"family": "hexoskin", "start": 1, "end": 2}',
        b'hexoframe {"family": "hexoskin", "start": 437463987200, "end": 4}',
        b'hexoframe {"family": "hexoskin"}',
        b"hexoframe {",
        b'hexoframe {"family": "hexoskin", "start": NaN, "end": 2}',
    ],
)
def test_an_own_note_that_makes_no_sense_is_refused(path, note):
    told = b"+0\x14\x14\0+0\x14" + note + b"\x14\0"
    data = edf([ECG, annotations(60)], [[[0] * 256, told]], reserved="EDF+C")
    path.write_bytes(data)
    with pytest.raises(HexoframeError):
        hexoframe.open_record(path)


@pytest.mark.parametrize(
    "told", [b"", b"junk", b"+0\x14\x14\0junk\x14\0", b"\xff\xfe\x14\x14\0"]
)
def test_annotations_that_make_no_sense_are_refused(path, told):
    data = edf([ECG, annotations(20)], [[[0] * 256, told]], reserved="EDF+C")
    path.write_bytes(data)
    with pytest.raises(FileFormatError):
        hexoframe.open_record(path)


def test_another_model_than_the_file_says_is_refused(tmp_path):
    path = made(3).to_edf(tmp_path / "a.edf", channels=["ecg"])
    with pytest.raises(ConfigurationError, match="says that it is of hexoskin"):
        hexoframe.open_record(path, model="astroskin")
    assert hexoframe.open_record(path, model="hexoskin").family == "hexoskin"


def test_the_start_of_an_own_file_is_exact_and_no_other_is_taken(tmp_path):
    record = made(3)
    path = record.to_edf(tmp_path / "a.edf", channels=["ecg"])
    again = hexoframe.open_record(path, start=record.start)
    assert again.start_tick == record.start_tick
    with pytest.raises(ConfigurationError, match="says that its record starts at tick"):
        hexoframe.open_record(path, start=record.start_tick + 1)


def test_files_of_a_folder_are_found_and_foreign_ones_skipped(tmp_path):
    made(3).to_edf(tmp_path / "a" / "one.edf", channels=["ecg"])
    (tmp_path / "night.edf").write_bytes(foreign())
    found = hexoframe.open_records(tmp_path)
    assert list(found) == ["77"]
    assert found.skipped["foreign"].tolist() == [True]
