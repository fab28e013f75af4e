"""Subjects of a study: who wore the shirt, and what others get of it."""

from __future__ import annotations

import pandas as pd
import pytest

from hexoframe.errors import ConfigurationError


@pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.MissingFactsWarning",
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning",
)
def test_a_dataset_has_a_subject_once_and_its_recordings_as_runs(study, tmp_path):
    study.subjects = pd.DataFrame(
        {
            "record": [300012, 300013, 300014],
            "subject": ["S-1", "S-1", "S-2"],
            "group": ["a", "a", "b"],
            "visit": [1, 2, 1],
        }
    )
    root = study.to_bids(tmp_path / "dataset", task="rest")
    told = pd.read_csv(root / "participants.tsv", sep="\t", na_filter=False)
    # The visits of a subject differ, so they say nothing of the subject.
    assert list(told) == ["participant_id", "group"]
    assert dict(told.to_numpy().tolist()) == {
        "sub-20240301220000": "n/a",
        "sub-S1": "a",
        "sub-S2": "b",
    }
    runs = sorted(
        {path.name.split("_")[2] for path in root.glob("sub-S1/beh/*_physio.*")}
    )
    assert runs == ["run-1", "run-2"]
    first = pd.read_csv(root / "sub-S1" / "sub-S1_scans.tsv", sep="\t")
    assert first["acq_time"].is_monotonic_increasing


def test_two_subjects_with_one_label_are_refused(study, tmp_path):
    study.subjects = pd.DataFrame(
        {"record": [300012, 300013], "subject": ["S-1", "S1"]}
    )
    with pytest.raises(ConfigurationError, match="subjects 'S-1', 'S1': a label has"):
        study.to_bids(tmp_path / "dataset")
    assert not (tmp_path / "dataset").exists()
