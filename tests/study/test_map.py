"""Map: any function over all records, on any engine; failures are rows."""

from __future__ import annotations

import pkgutil
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

import hexoframe
from hexoframe.errors import ConfigurationError
from hexoframe.study import workers as engines
from tests.study import jobs

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)
NUMBERS = [300_012, 300_013, 300_014, 20_240_301_220_000]
forks = pytest.mark.skipif(
    not Path("/proc").is_dir(), reason="processes of a test are forked on Linux alone"
)


def mapped(study, function, **how):
    return study.map(function, **{"workers": 1, "progress": False, **how})


def by_hand(study, function):
    tables = []
    for number in study:
        table = function(study[number]).reset_index()
        tables.append(table.assign(record=number))
    return tables


# -- what it gives ---------------------------------------------------------------------


def test_a_dict_gives_a_row_a_record_in_the_order_of_the_records(study):
    frame = mapped(study, jobs.rate).frame
    assert frame["record"].tolist() == NUMBERS
    expected = [study[n].heart_rate["heart_rate"].mean() for n in NUMBERS]
    assert frame["mean"].tolist() == expected
    assert frame["n"].tolist() == [59, 30, 30, 599]


def test_a_frame_gives_its_rows_with_its_index(study):
    frame = mapped(study, jobs.windows).frame
    for number, rows in frame.groupby("record"):
        own = jobs.windows(study[number]).reset_index()
        pd.testing.assert_frame_equal(
            rows.drop(columns="record").reset_index(drop=True), own
        )


def test_a_series_gives_a_row(study):
    frame = mapped(study, jobs.as_series).frame
    assert frame["first"].tolist() == [study[n].start for n in NUMBERS]
    assert frame["model"].tolist()[:2] == ["astroskin_1000", "hexoskin"]


def test_a_verb_gives_what_the_record_gives(study):
    for verb, how in (("summary", {"wide": True}), ("wear", {}), ("coverage", {})):
        results = mapped(study, verb, **how)
        for number, rows in results.frame.groupby("record"):
            with hexoframe.errors.collecting_warnings():
                own = getattr(study[number], verb)(**how)
            flat = own if own.index.name is None else own.reset_index()
            both = rows.drop(columns="record").reset_index(drop=True)
            pd.testing.assert_frame_equal(
                both[list(flat)], flat.reset_index(drop=True), check_dtype=False
            )


def test_units_of_a_verb_come_with_the_frame(study):
    frame = mapped(study, "hrv", window=None, records=NUMBERS[:2]).frame
    assert frame.attrs["hexoframe"]["units"]["rmssd"] == "ms"


def test_subjects_stand_beside_the_results(study):
    study.subjects = pd.DataFrame(
        {"record": NUMBERS, "subject": list("ABCD"), "n": [1, 2, 3, 4]}
    )
    frame = mapped(study, jobs.rate).frame
    assert list(frame) == ["record", "subject", "subjects_n", "mean", "n"]
    assert frame["subject"].tolist() == list("ABCD")


def test_a_column_that_is_whole_in_some_records_and_not_in_others_is_one(study):
    frame = mapped(
        study, lambda record: {"x": 1 if len(record) < 30 else 0.5}, name="x"
    ).frame
    assert set(frame["x"]) == {1.0, 0.5}
    frame = mapped(
        study, lambda record: {"x": 1 if len(record) < 30 else "a"}, name="y"
    ).frame
    assert set(map(str, frame["x"])) == {"1", "a"}


def test_the_number_of_the_record_may_be_returned_and_no_other(study):
    frame = mapped(
        study, lambda r: {"record": r.id, "n": 1}, name="a", records=NUMBERS[:3]
    ).frame
    assert list(frame) == ["record", "n"]
    with pytest.raises(ConfigurationError, match="column 'record' that is not"):
        mapped(study, lambda _: {"record": 5}, name="b")


# -- resume ----------------------------------------------------------------------------


def test_what_is_there_is_not_computed_again(study):
    calls = []

    def count(record):
        calls.append(record.start)
        return {"n": 1}

    mapped(study, count, name="count", records=NUMBERS[:2])
    mapped(study, count, name="count")
    assert len(calls) == 4
    mapped(study, count, name="count")
    assert len(calls) == 4
    mapped(study, count, name="count", overwrite=True)
    assert len(calls) == 8


def test_results_of_two_functions_or_arguments_are_never_mixed(study):
    mapped(study, jobs.rate, name="mine-1")
    with pytest.raises(ConfigurationError, match=r"another function.*name='mine-2'"):
        mapped(study, jobs.windows, name="mine-1")
    with pytest.raises(ConfigurationError, match="of other arguments"):
        mapped(study, jobs.rate, name="mine-1", scale=2)
    frame = mapped(study, jobs.rate, name="mine-1", scale=2, overwrite=True).frame
    assert frame["n"].tolist() == [59, 30, 30, 599]
    assert study.result_names() == ["mine-1"]


def test_a_name_comes_from_the_function_and_its_arguments(study):
    assert mapped(study, jobs.rate, scale=2).name == "rate-scale=2"
    assert (
        mapped(study, "summary", by="10s", wide=True).name == "summary-by=10s-wide=True"
    )
    with pytest.raises(ConfigurationError, match="needs one for its results"):
        mapped(study, lambda _: {})
    for name in ("", "a/b", "../x", "sync"):
        with pytest.raises(ConfigurationError, match="is no name for results"):
            mapped(study, jobs.rate, name=name)
    with pytest.raises(ConfigurationError, match="has no results 'other'; it has rate"):
        study.results("other")


# -- failures --------------------------------------------------------------------------


def test_a_record_that_fails_is_a_row_and_is_tried_again(study):
    results = mapped(study, jobs.only_hexoskin)
    (row,) = results.failures.to_dict("records")
    assert (row["record"], row["stage"], row["type"]) == (
        300_012,
        "function",
        "ValueError",
    )
    assert row["message"] == "astroskin_1000 is no hexoskin"
    assert not row["retryable"]
    assert results.records == NUMBERS[1:]
    again = mapped(study, jobs.only_hexoskin)
    assert again.failures["attempts"].tolist() == [2]
    assert mapped(study, jobs.only_hexoskin, retry=False).failures[
        "attempts"
    ].tolist() == [2]


def test_a_failure_that_is_mended_is_no_row_any_more(study):
    broken = Path(study.root, "samples", "channel=heart_rate", "record=300013.parquet")
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-10])
    results = mapped(study, jobs.rate)
    (row,) = results.failures.to_dict("records")
    assert (row["record"], row["stage"], row["type"]) == (
        300_013,
        "load",
        "FileFormatError",
    )
    broken.write_bytes(whole)
    assert len(mapped(study, jobs.rate).failures) == 0


def test_a_mistake_of_the_function_stops_the_run_with_its_traceback(study):
    with pytest.raises(ConfigurationError) as told:
        mapped(study, jobs.mistaken)
    text = str(told.value)
    assert "mistaken failed for the first 3 records (300012, 300013, 300014)" in text
    assert "KeyError: 'hart_rate'" in text
    assert "let it return that, such as {'value': nan}" in text
    assert 'return {"mean": record.heart_rate["hart_rate"].mean()}' in text
    assert "hexoframe/study/tasks.py" not in text
    assert study.results("mistaken").failures.empty


def test_a_verb_that_fails_alike_has_no_advice_for_functions(study):
    with pytest.raises(ConfigurationError, match="for the first 3 records") as told:
        mapped(study, "activity_bouts", threshold=-1)
    assert "let it return" not in str(told.value)


def test_a_function_that_returns_nothing_is_told_so(study):
    with pytest.raises(ConfigurationError, match="nothing returned None; is a return"):
        mapped(study, jobs.nothing)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (3, "returned a value of type int"),
        ({}, "returned a dict without a key"),
        ("record", "returned a value of type Record"),
        ({"x": object()}, "cannot be written as Parquet"),
    ],
)
def test_what_is_no_row_is_told_in_a_line(study, value, said):
    def give(record):
        return record if value == "record" else value

    with pytest.raises(ConfigurationError, match=said) as told:
        mapped(study, give, name="give")
    assert len(str(told.value)) < 500


def test_records_that_cannot_be_loaded_do_not_count_as_mistakes(study):
    folder = Path(study.root, "samples", "channel=heart_rate")
    for number in NUMBERS[:3]:
        (folder / f"record={number}.parquet").write_bytes(b"")
    results = mapped(study, jobs.rate)
    assert results.failures["stage"].tolist() == ["load"] * 3
    assert results.records == NUMBERS[3:]


def test_a_wrong_argument_of_a_verb_stops_the_run_and_own_reasons_do_not(study):
    with pytest.raises(ConfigurationError, match="give a length of time"):
        mapped(study, "summary", by="5 bananas")
    with pytest.raises(ConfigurationError, match="unexpected keyword argument 'bye'"):
        mapped(study, "summary", bye="ranges")
    with pytest.raises(
        ConfigurationError, match=r"no verb of a record .*: give one of"
    ):
        mapped(study, "sumary")
    # Each record says in its own words that it has no sleep.
    results = mapped(study, "sleep")
    assert len(results.failures) == 4
    assert set(results.failures["type"]) == {"ConfigurationError"}


def test_a_function_that_ends_the_process_is_a_row(study):
    with pytest.raises(ConfigurationError, match="SystemExit: done with 300012"):
        mapped(study, jobs.leave)


def test_warnings_of_a_task_are_kept_and_not_shown(study, capfd):
    results = mapped(study, jobs.noisy, workers=2)
    assert results.warnings["record"].unique().tolist() == NUMBERS
    assert set(results.warnings["warning"]) == {
        "HexoframeWarning: mind the belts",
        "RuntimeWarning: of numpy",
    }
    assert "mind the belts" not in capfd.readouterr().err


# -- engines ---------------------------------------------------------------------------


def test_processes_threads_and_a_plain_loop_give_the_same_to_the_last_bit(study):
    plain = mapped(study, jobs.ecg_and_windows, name="plain").frame
    two = mapped(study, jobs.ecg_and_windows, name="two", workers=2).frame
    with ThreadPoolExecutor(2) as pool:
        threads = mapped(study, jobs.ecg_and_windows, name="th", workers=pool).frame
    for frame in (two, threads):
        pd.testing.assert_frame_equal(frame, plain, check_exact=True)


@forks
def test_a_function_of_a_notebook_or_a_closure_goes_to_processes(study):
    word = "here"
    frame = mapped(study, lambda _: {"word": word}, name="closure", workers=2).frame
    assert frame["word"].tolist() == ["here"] * 4


@forks
def test_a_worker_that_is_killed_costs_two_retries_and_then_a_row(study):
    results = mapped(study, jobs.kill_one, workers=2)
    assert results.records == [n for n in NUMBERS if n != 300_013]
    (row,) = results.failures.to_dict("records")
    assert (row["record"], row["stage"], row["type"]) == (
        300_013,
        "worker",
        "WorkerDied",
    )
    assert row["attempts"] == 3


class Counting:
    """An executor that runs nothing until it is asked for a result."""

    def __init__(self):
        self.most = self.now = 0
        self._max_workers = 1

    def submit(self, fn, /, *args):
        future = Future()
        self.now += 1
        self.most = max(self.most, self.now)
        future.set_result(fn(*args))
        usual = future.result

        def result(timeout=None):
            self.now -= 1
            return usual(timeout)

        future.result = result
        return future


def test_few_tasks_are_in_flight(study):
    executor = Counting()
    mapped(study, jobs.rate, workers=executor)
    assert executor.most <= 2


class Remote:
    """An executor whose workers lack something."""

    def __init__(self, error, *, knows_hexoframe=True):
        self.error = error
        self.knows_hexoframe = knows_hexoframe

    def submit(self, function, *_):
        future = Future()
        if function is pkgutil.resolve_name and self.knows_hexoframe:
            future.set_result(hexoframe.__version__)
        else:
            future.set_exception(self.error)
        return future


def deserialising(module):
    error = RuntimeError("Error during deserialization of the task graph")
    error.__cause__ = ModuleNotFoundError(f"No module named {module!r}", name=module)
    return error


def test_workers_without_hexoframe_are_told_of(study):
    with pytest.raises(ConfigurationError, match="workers have no hexoframe: install"):
        mapped(study, jobs.rate, workers=Remote(deserialising("hexoframe")))
    absent = ModuleNotFoundError("No module named 'hexoframe'", name="hexoframe")
    with pytest.raises(ConfigurationError, match="workers have no hexoframe: install"):
        mapped(study, jobs.rate, workers=Remote(absent, knows_hexoframe=False))
    with pytest.raises(
        ConfigurationError, match="cannot import 'mine', which rate needs"
    ):
        mapped(study, jobs.rate, workers=Remote(deserialising("mine")))


def test_workers_with_another_hexoframe_are_told_of(study, monkeypatch):
    monkeypatch.setattr(engines, "__version__", "99.0")
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(
            ConfigurationError, match=r"workers have hexoframe .* this process 99\.0"
        ),
    ):
        mapped(study, jobs.rate, workers=pool)


@pytest.mark.parametrize("wrong", [0, -1, True, "two", object()])
def test_workers_that_are_none_are_refused(study, wrong):
    with pytest.raises(ConfigurationError, match="workers="):
        mapped(study, jobs.rate, workers=wrong)


def test_records_that_are_not_there_are_refused(study):
    with pytest.raises(ConfigurationError, match="no record 5"):
        mapped(study, jobs.rate, records=[300_013, 5])


def test_a_study_may_be_moved_and_its_results_with_it(study, tmp_path):
    frame = mapped(study, jobs.rate).frame
    shutil.move(study.root, tmp_path / "elsewhere")
    moved = hexoframe.open_study(tmp_path / "elsewhere")
    pd.testing.assert_frame_equal(moved.results("rate").frame, frame)
    assert Path(moved.root).name == "elsewhere"


def test_the_first_records_are_those_of_the_list_and_not_the_quickest(study):
    def fits_the_slowest(record):
        if record.id == NUMBERS[0]:
            time.sleep(0.2)
            return {"value": 1}
        raise ValueError("not this one")

    with ThreadPoolExecutor(4) as pool:
        results = mapped(study, fits_the_slowest, name="slow-1", workers=pool)
    assert results.records == NUMBERS[:1]
    assert results.failures["type"].tolist() == ["ValueError"] * 3
