"""No exit tells who wore a shirt that was de-identified: every byte is searched.

The formats come from the registry, so that each is searched from the day it is there.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import inspect
import io
import json
import lzma
import pickle
import struct
import zipfile
import zlib

import pyarrow as pa
import pytest

import hexoframe
from hexoframe import formats
from hexoframe.errors import ConfigurationError
from hexoframe.record import Record
from tests.leaks import contents, leaks
from tests.named import ID, IDS, named_record, secrets_of, with_attrs

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
KEEP = ("annotations", "dates", "device", "ranges", "track")


@pytest.fixture
def record(samples):
    return with_attrs(named_record(samples))


def write(name, record, folder):
    form = formats.to_write(name)
    try:
        return form.write(record, form.target_in(folder, record))
    except ConfigurationError as error:
        if "pip install" in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize("name", formats.names_to_write())
def test_no_file_of_a_deidentified_record_tells_who_it_was(record, tmp_path, name):
    safe = record.deidentify()
    write(name, safe, tmp_path / "out")
    found = list(contents(tmp_path / "out"))
    assert leaks(found, secrets_of(record)) == []
    assert any(safe.pseudonym.encode() in data for _, data in found)


@pytest.mark.parametrize("name", formats.names_to_write())
def test_the_search_finds_the_secrets_of_a_record_as_it_is(record, tmp_path, name):
    write(name, record, tmp_path / "out")
    found = leaks(contents(tmp_path / "out"), secrets_of(record))
    # What a format holds beside samples differs; its names hold an id at least.
    assert any(text.startswith(str(ID)) for text in found), found


def zipped(data):
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b", data)
    return box.getvalue()


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, zlib.compress, bz2.compress, lzma.compress, zipped,
     base64.b64encode, lambda data: pa.compress(data, "zstd", asbytes=True)],
)  # fmt: skip
def test_the_search_looks_into_what_is_packed_also_twice(tmp_path, pack):
    secret = 918273645546372819
    for number, data in enumerate((f"id {secret}".encode(), struct.pack("<q", secret))):
        packed = pack(b"head" * 99 + gzip.compress(data))
        assert data not in packed
        (tmp_path / f"{number}.bin").write_bytes(b"a header of its own: " + packed)
    found = leaks(contents(tmp_path), [secret])
    assert {text.partition(".bin")[0][-1] for text in found} == {"0", "1"}


def test_nor_does_a_file_that_is_written_from_it_once_more(record, tmp_path):
    slow = ["heart_rate", "rr_interval", "sleep_phase"]
    safe = record.of(record, left_out={*record} - {*slow}).deidentify(pseudonym="S01")
    ways = (("parquet", "csv"), ("csv", "txt"), ("txt", "edf"), ("edf", "parquet"))
    for first, second in ways:
        path = write(first, safe, tmp_path / first)
        again = hexoframe.open_record(path)
        assert again.pseudonym == "S01"
        write(second, again, tmp_path / "again" / first)
    assert leaks(contents(tmp_path / "again"), secrets_of(record)) == []


def test_parquet_gives_back_all_of_it_and_the_receipt(record, tmp_path, differences):
    safe = record.deidentify()
    again = hexoframe.open_record(safe.to_parquet(tmp_path))
    assert differences(safe, again) == []
    assert again.facts.info == safe.facts.info


def test_one_channel_file_alone_knows_the_pseudonym(record, tmp_path):
    path = record.deidentify(pseudonym="S01").to_parquet(tmp_path)
    assert path.name == "record_S01"
    assert hexoframe.open_record(path / "ecg.parquet").name == "S01"


def test_nor_does_a_record_that_goes_to_another_process(record):
    data = pickle.dumps(record.deidentify())
    assert leaks([("pickle", data)], secrets_of(record)) == []
    assert leaks([("pickle", pickle.dumps(record))], secrets_of(record)) != []


def test_nor_does_anything_that_a_record_says_of_itself(record):
    safe = record.deidentify(pseudonym="S01")
    said = {
        "repr": repr(safe),
        "html": safe._repr_html_(),
        "info": json.dumps(safe.info),
        "methods": safe.methods(),
        "summary": repr(safe.summary().attrs) + safe.summary().to_csv(),
        "hrv": repr(safe.hrv(None).attrs) + safe.hrv(None).to_csv(),
        "ranges": safe.summary(by="ranges").to_csv(),
        "frame": repr(safe.to_frame("1s").attrs) + safe.to_frame("1s").to_csv(),
        **{
            table: getattr(safe, table).to_csv()
            for table in ("ranges", "annotations", "track", "metrics", "statistics")
        },
        **{name: repr(safe[name].attrs) for name in safe},
    }
    found = [(name, text.encode()) for name, text in said.items()]
    assert leaks(found, secrets_of(record)) == []
    assert "Record S01 (hexoskin" in said["repr"]


@pytest.mark.parametrize("name", formats.names_to_write())
def test_what_is_kept_is_there_and_nothing_else(record, tmp_path, name):
    safe = record.deidentify(keep=KEEP)
    write(name, safe, tmp_path / "out")
    found = list(contents(tmp_path / "out"))
    never = [
        "jane",
        "secret-lab",
        "Quintana",
        "1980-04",
        "study7",
        "ward seven",
        "fw-881",
    ]
    assert leaks(found, [*never, *IDS]) == []


def test_nor_does_a_record_of_the_service(small, client_of, tmp_path):
    server = small()
    record = client_of(server).load_record(41, waveforms=False)
    assert record.info["email"]
    safe = record.deidentify()
    for name in formats.names_to_write():
        try:
            write(name, safe, tmp_path / "out")
        except pytest.skip.Exception:
            continue
    # A user id of five digits is found by chance among samples.
    said = [record.info["email"], record.info["device"], "user_id", "client.account"]
    told = [*said, "HXSKIN", "127.0.0.1", "/api/record/", record.start_tick]
    dates = [f"{record.start:%Y-%m-%d}", f"{record.start:%Y%m%d}"]
    assert leaks(contents(tmp_path / "out"), [*told, *dates]) == []


def exits():
    """Names of all methods of a record that write: those that are told where."""
    verbs = inspect.getmembers(Record, inspect.isfunction)
    told = {"path", "root"}
    return {
        name
        for name, verb in verbs
        if not name.startswith("_") and told & {*inspect.signature(verb).parameters}
    }


def test_the_methods_of_the_formats_are_among_the_exits():
    assert exits() >= {f"to_{name}" for name in formats.names_to_write()}


@pytest.mark.parametrize(
    "name", sorted(exits() - {f"to_{form}" for form in formats.names_to_write()})
)
def test_nor_does_a_page(record, tmp_path, name):
    safe = record.deidentify(pseudonym="S01")
    getattr(safe, name)(tmp_path / "page.html")
    assert leaks(contents(tmp_path), secrets_of(record)) == []
    assert "S01" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_nor_does_a_picture(record, tmp_path, suffix):
    plt = pytest.importorskip("matplotlib.pyplot", reason="needs hexoframe[plot]")
    safe = record.deidentify(pseudonym="S01")
    with plt.rc_context({"svg.fonttype": "none", "pdf.compression": 0}):
        for what in (None, "ecg", "coverage", "summary"):
            figure, _ = safe.plot(what)
            figure.savefig(tmp_path / f"{what}.{suffix}")
            plt.close(figure)
    secrets = [text for text in secrets_of(record) if isinstance(text, str | int)]
    assert leaks(contents(tmp_path), secrets) == []
    if suffix == "svg":
        assert "S01" in (tmp_path / "None.svg").read_text("utf-8")
