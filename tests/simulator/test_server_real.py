"""A real export, loaded once from its ZIP and once from JSON: the same frames."""

from __future__ import annotations

import pandas as pd
import pytest

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.simulator.server import serve

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
