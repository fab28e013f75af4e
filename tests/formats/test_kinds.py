"""Files that are something else, called by their name."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from hexoframe import open_record, open_records
from hexoframe.errors import FileFormatError
from hexoframe.formats.kinds import is_document, kind_of
from tests.formats.edf.made import foreign


def zipped(*names, first=b"x"):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name in names:
            packed.writestr(name, first)
    return data.getvalue()


OFFICE = ("[Content_Types].xml", "_rels/.rels")
GPX = b'<?xml version="1.0"?>\n<!-- Garmin -->\n<gpx version="1.1"><trk/></gpx>'
TCX = b"<TrainingCenterDatabase xmlns='x'>"
KINDS = {
    "people.xlsx": (zipped(*OFFICE, "xl/workbook.xml"), "an Excel workbook"),
    "wrong.csv": (zipped(*OFFICE, "xl/workbook.xml"), "an Excel workbook"),
    "cut.xlsx": (zipped(*OFFICE, "xl/a.xml")[:-30], "a document of an office program"),
    "letter.docx": (zipped(*OFFICE, "word/document.xml"), "a Word document"),
    "talk.pptx": (zipped(*OFFICE, "ppt/presentation.xml"), "a PowerPoint presentation"),
    "table.ods": (
        zipped("mimetype", first=b"application/vnd.oasis.opendocument.spreadsheet"),
        "an OpenDocument spreadsheet",
    ),
    "beats.npz": (zipped("rr.npy"), "a file of NumPy arrays"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "an Excel workbook"),
    "run.gpx": (GPX, "a GPX track"),
    "run.txt": (b"\xef\xbb\xbf" + GPX, "a GPX track"),
    "run16.gpx": (GPX.decode().encode("utf-16"), "a GPX track"),
    "run.tcx": (b'<?xml version="1.0"?>' + TCX, "a TCX file of a sports watch"),
    "run.fit": (b"\x0e\x10\xd9\x07\0\0\0\0.FIT\0\0", "a FIT file of a sports watch"),
    "login.zip": (b"<!DOCTYPE html><html>", "a web page"),
    "night.edf": (foreign(), "an EDF file of another maker; read it with MNE or edfio"),
    "night.bdf": (b"\xffBIOSEMI" + b" " * 248, "a BDF file"),
    "beats.rds": (gzip.compress(b"X\n\0\0\0\x03"), "an R data file (RDS)"),
    "beats.rda": (gzip.compress(b"RDX3\nX\n"), "an R workspace"),
    "beats.mat": (b"MATLAB 5.0 MAT-file, Platform", "a MATLAB file"),
    "beats.h5": (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    "beats.sav": (b"$FL2@(#)", "an SPSS file"),
    "doc.pdf": (b"%PDF-1.7", "a PDF document"),
    "photo.jpg": (b"\xff\xd8\xff\xe0", "a JPEG picture"),
    "photo.webp": (b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP picture"),
    "film.mp4": (b"\0\0\0\x18ftypmp42", "a video"),
    "work.ipynb": (b'{"nbformat": 4}', "a Jupyter notebook"),
    "x.json": (b'{"a": 1}', "a JSON file"),
    "x.7z": (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    "x.tar": (b"a" + bytes(256) + b"ustar\x0000", "a tar archive; unpack it first"),
    "x.tgz": (gzip.compress(b"a" + bytes(256) + b"ustar"), "packed with gzip: a tar"),
    "lost.csv": (bytes(5000), "a file of zeros, whose content was lost"),
    "note.txt": (
        "Grüße an alle\nund mehr".encode(),
        "a text that begins with 'Grüße an",
    ),
    "x.xyz": (b"\x01\x02\xff\xfe\x03", "a file of no known kind"),
    # The name decides where the content has no mark.
    "odd.xlsx": (b"\x01\x02\xff\xfe\x03", "an Excel workbook by its name, but not"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_something_else_is_called_by_its_name(tmp_path, name):
    data, kind = KINDS[name]
    path = tmp_path / name
    path.write_bytes(data)
    assert kind_of(path).startswith(kind)
    with pytest.raises(FileFormatError) as caught:
        open_record(path)
    assert str(caught.value).startswith(f"{path}: {kind}")
    assert "b'" not in str(caught.value)
    assert "\\x" not in str(caught.value)


def test_files_that_are_something_else_are_no_damaged_recordings(tmp_path):
    others = [name for name in KINDS if name not in ("login.zip", "lost.csv")]
    for name in others:
        (tmp_path / name).write_bytes(KINDS[name][0])
    records = open_records(tmp_path)
    assert len(records) == 0
    assert len(records.skipped) == len(others)
    assert records.skipped["foreign"].all()


def test_an_export_is_no_document_whatever_it_is_called(tmp_path, samples):
    path = tmp_path / "export.xlsx"
    path.write_bytes((samples / "hexoskin_10min.zip").read_bytes())
    assert not is_document(path)
    assert open_record(path).id == 300_010
