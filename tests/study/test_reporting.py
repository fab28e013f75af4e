"""The page of a study: a row a record, with a link where the record has a page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hexoframe.errors import ConfigurationError, OutputExistsError
from hexoframe.study.reporting import heart_rate_line, rows_of_page

pytest.importorskip("jinja2", reason="pages need hexoframe[report]")
pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")


def test_each_record_has_a_row_and_those_with_a_page_a_link(study, tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "record_300012.html").write_text("its page")
    path = study.report(folder / "study.html")
    text = path.read_text("utf-8")
    assert '<a href="record_300012.html">300012</a>' in text
    assert text.count('<a href="record_') == 1
    for number in study:
        assert str(number) in text
    assert text.count('<svg class="spark"') == 4
    table = study.table()
    # Shares are in percent, cut to tenths.
    worn = table["worn"].dropna().iloc[0]
    assert ("100 %" if worn == 1 else f"{int(1000 * worn) / 10} %") in text
    assert study.report(path) == path  # the same page is no failure
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        study.report(path, identify=True)


def test_who_wore_the_shirts_is_named_on_request_alone(study):
    table = study.table()
    table["subjects_email"] = "jane@hospital.example"
    table["group"] = "a"
    quiet = rows_of_page(table, identify=False)
    assert not {"user", "email", "device", "source", "subjects_email"} & {*quiet}
    assert {"group", "start", "duration", "worn"} <= {*quiet}
    assert not [name for name in quiet if name.startswith("coverage_")]
    told = rows_of_page(table, identify=True)
    assert {"user", "email", "device", "source", "subjects_email"} <= {*told}


def test_the_line_is_the_mean_of_usable_heart_rates(study):
    record = study[300012]
    line = heart_rate_line(record)
    assert 30 < len(line) <= 61
    step = pd.Timedelta(line.index[1] - line.index[0])
    usable = record.usable("heart_rate")["heart_rate"]
    # A value at 1 Hz is of the second before its stamp.
    begin = usable.index - pd.Timedelta("1s")
    means = usable.groupby((begin - line.index[0]) // step).mean()
    assert len(means) > 20
    expected = means.reindex(range(len(line)))
    np.testing.assert_allclose(line.to_numpy(), expected.to_numpy())


def test_a_record_without_heart_rate_or_length_has_no_line(study):
    record = study[300012]
    assert heart_rate_line(record.cut(record.start_tick, record.start_tick)) is None


def test_a_wrong_path_is_told_before_anything_is_read(study, monkeypatch, tmp_path):
    monkeypatch.setattr(type(study), "table", None)
    with pytest.raises(ConfigurationError, match=r"end it with \.html"):
        study.report(tmp_path / "study.pdf")


def test_a_place_without_a_study_is_told(empty, tmp_path):
    with pytest.raises(ConfigurationError, match="there is no study at"):
        empty.report(tmp_path / "study.html")
