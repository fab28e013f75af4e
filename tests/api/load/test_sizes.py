"""What a sample takes as it is sent: the table, and the real exports."""

from __future__ import annotations

import io
import zipfile

import pytest

from hexoframe.api.load import sizes
from hexoframe.api.load.plan import cost_of, make_plan, wanted_datatypes
from hexoframe.api.load.sizes import size_of
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, datatypes_of

START_S = 1_700_000_000
ROWS = [row for family in FAMILIES for row in datatypes_of(family) if row.in_model]


# --- the table ------------------------------------------------------------------------


def test_every_datatype_has_a_size_and_every_row_of_the_table_a_datatype():
    assert {size_of(row) for row in ROWS} == set(sizes._SIZES)


@pytest.mark.parametrize("size", sizes._SIZES)
def test_every_size_says_what_was_measured(size):
    assert "real" in size.source or "synthetic" in size.source
    # The file of PTT of a Hexoskin has no samples.
    assert 0 < size.json < size.plain or not size.plain
    assert (size.hz > 0) == (size.kind in {"event", "state"} and size.plain > 0)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("channel", "binary"),
    # A binary sample has two bytes; these are the figures of the real exports.
    [("respiration_thoracic", 0.43), ("acceleration_X", 0.77), ("PPG", 1.8),
     ("heart_rate_quality", 0.05), ("minute_ventilation", 0.7)],
)  # fmt: skip
def test_the_size_is_that_of_the_channel(family, channel, binary):
    if family == "hexoskin" and channel == "PPG":
        return
    (row,) = [row for row in ROWS if (row.family, row.api_name) == (family, channel)]
    assert size_of(row).binary == binary


def test_the_finer_ecg_of_one_family_takes_more():
    ecg = {row.family: size_of(row).binary for row in ROWS if row.api_name == "ECG_I"}
    assert ecg == {"hexoskin": 0.95, "astroskin_256": 0.95, "astroskin_1000": 1.4}


# --- real exports ---------------------------------------------------------------------

RATES = ["heart_rate", "breathing_rate", "minute_ventilation", "activity", "cadence"]
EXPORTS = {
    "hexoskin-256696": ("hexoskin", 2184),
    "hexoskin-258583": ("hexoskin", 2898),
    "astroskin-122445": ("astroskin_256", 129),
}
WANTED = {
    "all": None,
    "ecg": ["ecg"],
    "respiration": ["respiration"],
    "acceleration": ["acceleration"],
    "rates": RATES,
    "heart_rate": ["heart_rate"],
    "beats": ["rr_interval", "rr_interval_quality"],
    "breaths": ["inspiration", "expiration"],
}
# At rest for two minutes, and the belts measured nothing: 1.7 and 3 times too much.
LEFT_OUT = {("astroskin-122445", "respiration"), ("astroskin-122445", "acceleration")}


def zipped(folder, rows):
    """Return the length of a ZIP with some files of an export."""
    stems = {row.api_name for row in rows} | {"info", "statistics"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            # A converter left its own CSV beside some WAV files.
            own = path.suffix == ".csv" and path.with_suffix(".wav").exists()
            if path.stem in stems and not own:
                archive.write(path, f"record_{folder.name[-6:]}/{path.name}")
    return len(packed.getvalue())


@pytest.mark.parametrize(
    ("name", "wanted"),
    [(n, w) for n in EXPORTS for w in WANTED if (n, w) not in LEFT_OUT],
)
def test_a_real_export_is_as_large_as_expected(real_data, name, wanted):
    family, seconds = EXPORTS[name]
    clock = CLOCK_OF_FAMILY[family]
    span = START_S * clock, (START_S + seconds) * clock
    rows = wanted_datatypes(family, WANTED[wanted])
    plan = make_plan(family, span, rows, transport="zip")
    sent = zipped(real_data / "exports" / name, rows)
    told = cost_of(family, plan.chunks).megabytes * 1e6
    assert sent / 1.5 < told < sent * 1.5
