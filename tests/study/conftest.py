"""A study of small recordings, and functions that map can send to a worker."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hexoframe

if TYPE_CHECKING:
    from hexoframe.study import Study

KEYS = {"key": "of-nobody", "secret": "of-nobody"}
ROOT = str(Path(__file__).parents[2])
FILES = ("range_2records.zip", "astroskin_1000_1min.zip", "hexoskin_10min.csv")


@pytest.fixture(scope="session")
def kept_study(
    samples: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Path]:
    """A study of four short recordings, made once; not to be changed."""
    root = tmp_path_factory.mktemp("kept") / "study"
    made: list[Path] = []

    def make() -> Path:
        if not made:
            study = hexoframe.open_study(root)
            study.sync([samples / name for name in FILES], progress=False)
            made.append(root)
        return root

    return make


@pytest.fixture
def study(kept_study: Callable[[], Path], tmp_path: Path) -> Study:
    """A copy of that study; records 300012, 300013, 300014 and 20240301220000."""
    root = tmp_path / "study"
    shutil.copytree(kept_study(), root)
    return hexoframe.open_study(root)


@pytest.fixture
def empty(tmp_path: Path) -> Study:
    """A new study."""
    return hexoframe.open_study(tmp_path / "new")


@pytest.fixture
def sync() -> Callable[..., Any]:
    """Sync without a bar."""

    def run(study: Study, *what: Any, **how: Any) -> Any:
        return study.sync(*what, progress=False, **how)

    return run


@pytest.fixture(scope="session")
def bucket() -> Iterator[tuple[str, dict[str, str]]]:
    """A server of S3 on this machine, with one bucket: its options and its name."""
    pytest.importorskip("s3fs", reason="needs hexoframe[s3]")
    server_of = pytest.importorskip("moto.server", reason="needs moto[server]")
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {**KEYS, "endpoint_url": f"http://{host}:{port}"}
    import s3fs

    s3fs.S3FileSystem(**options).mkdir("lab")
    yield "s3://lab", options
    server.stop()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of Dask on this machine, two workers."""
    distributed = pytest.importorskip("distributed", reason="needs hexoframe[study]")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as workers,
        distributed.Client(workers) as client,
    ):
        client.run(sys.path.insert, 0, ROOT)
        yield client
