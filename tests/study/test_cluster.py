"""Map on a cluster of Dask: the same results, and what goes wrong there."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from hexoframe.errors import ConfigurationError
from tests.study import jobs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning"),
    # What other libraries say of themselves is not ours to judge.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture
def client(cluster):
    return cluster


def mapped(study, function, workers, **how):
    return study.map(function, workers=workers, progress=False, **how)


def test_a_cluster_and_processes_give_the_same_to_the_last_bit(study, client):
    for function in (jobs.ecg_and_windows, jobs.windows, "coverage"):
        here = mapped(study, function, 2).frame
        there = mapped(study, function, client, overwrite=True).frame
        pd.testing.assert_frame_equal(here, there, check_exact=True)


def test_a_closure_goes_to_a_cluster(study, client):
    word = "there"
    frame = mapped(study, lambda _: {"word": word}, client, name="closure").frame
    assert frame["word"].tolist() == ["there"] * 4


def test_the_same_call_again_is_not_answered_from_an_earlier_run(study, client):
    mapped(study, jobs.rate, client)
    Path(study.root, "results", "rate", "record=300013.parquet").unlink()
    assert len(mapped(study, jobs.rate, client).frame) == 4


def test_a_worker_that_is_killed_becomes_a_row(study, client):
    results = mapped(study, jobs.kill_one, client)
    (row,) = results.failures.to_dict("records")
    assert (row["record"], row["stage"], row["type"]) == (
        300_013,
        "worker",
        "WorkerDied",
    )
    # As often as the cluster is set up for (distributed.scheduler.allowed-failures).
    assert row["attempts"] >= 3
    assert 300_014 in results.records


def _forget_hexoframe():
    class Absent:
        @staticmethod
        def find_spec(name, *_):
            if name.partition(".")[0] == "hexoframe":
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    for name in [name for name in sys.modules if name.startswith("hexoframe")]:
        del sys.modules[name]
    sys.meta_path.insert(0, Absent)


def test_workers_without_hexoframe_are_told_of(study):
    distributed = pytest.importorskip("distributed", reason="needs hexoframe[study]")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.run(_forget_hexoframe)
        with pytest.raises(ConfigurationError, match="workers have no hexoframe"):
            mapped(study, "coverage", client)
