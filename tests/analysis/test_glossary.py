"""Definitions: every column of a result has one, and docstrings say the same."""

from __future__ import annotations

import re

import numpy as np
import pytest

import hexoframe
from hexoframe.analysis import definitions
from hexoframe.channels import codes_of
from hexoframe.errors import ConfigurationError
from hexoframe.record import Record
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear

LABELS = {"start", "end", "span_share", "id", "name", "activity_type"}
PROFILE = {"weight": 70, "height": 1.7, "age": 30, "sex": "female", "rest_hr": 60}
ASKS = {
    "nights": lambda record: record.nights(),
    "sleep": lambda record: record.sleep(),
    "hrv": lambda record: record.hrv(None, nonlinear=True, min_pairs=10),
    "beats": lambda record: record.beats(),
    "check_beats": lambda record: record.check_beats(),
    "check_ecg": lambda record: record.check_ecg(),
    "breaths": lambda record: record.breaths(),
    "breathing": lambda record: record.breathing(),
    "check_breaths": lambda record: record.check_breaths(),
    "activity_bouts": lambda record: record.activity_bouts(threshold=0.01),
    "steps": lambda record: record.steps(),
    "postures": lambda record: record.postures(),
    "enmo": lambda record: record.enmo(),
    "energy": lambda record: record.energy(**PROFILE),
}


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    shirt = wear(Shirt(seed=1, duration_s=120, activity="sleep"))
    path = tmp_path_factory.mktemp("glossary") / "a.zip"
    return hexoframe.open_record(write_export(shirt, path))


def test_a_definition_a_column_with_its_unit():
    table = definitions()
    assert list(table) == ["result", "name", "unit", "definition"]
    assert not table.duplicated(["result", "name"]).any()
    assert (table["definition"].str.len() > 5).all()
    assert set(table["result"]) == set(ASKS)
    with pytest.raises(ConfigurationError, match="definitions are there for nights"):
        definitions("summary")


@pytest.mark.parametrize("result", ASKS)
def test_the_columns_of_a_result_are_those_that_are_defined(record, result):
    table = ASKS[result](record)
    known = definitions(result)
    names = set(known["name"])
    if result == "postures":
        names |= {code.name for code in codes_of("device_position") if code.value}
        names.remove("position")
    nights = set(definitions("nights")["name"]) if result == "sleep" else set()
    assert set(table) - names - nights <= LABELS
    assert names <= set(table)
    units = table.attrs.get("hexoframe", {}).get("units", {})
    said = {row["name"]: row["unit"] for _, row in known.iterrows() if row["unit"]}
    said.pop("position", None)
    if result != "nights":
        assert said.items() <= units.items()


@pytest.mark.parametrize("result", ASKS)
def test_the_docstring_has_the_same_words(result):
    text = " ".join((getattr(Record, result).__doc__ or "").split())
    for _, row in definitions(result).iterrows():
        assert f"* ``{row['name']}``: {row['definition']}" in text
    listed = set(re.findall(r"\* ``(\w+)``:", text))
    assert listed == set(definitions(result)["name"])


def test_energy_of_a_record_is_of_usable_rates_and_says_that_it_is_an_estimate(record):
    energy = record.energy(**PROFILE)
    rates = record.usable("heart_rate")
    assert energy.index.equals(rates.index)
    wanted = hexoframe.analysis.compute_energy(rates, **PROFILE)
    assert np.array_equal(energy["energy"], wanted["energy"])
    block = energy.attrs["hexoframe"]
    assert (block["estimate"], block["units"]) == (True, {"energy": "W"})
    # The wearer is not in it.
    assert not set(PROFILE) & set(block)
