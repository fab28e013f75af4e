"""The tree of errors and warnings, and that they travel between processes."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from hexoframe import errors

PARENTS = {
    "HexoframeError": (Exception,),
    "RequestError": (errors.HexoframeError,),
    "AuthenticationError": (errors.RequestError,),
    "NotFoundError": (errors.RequestError,),
    "RateLimitedError": (errors.RequestError,),
    "ServerError": (errors.RequestError,),
    "UnreachableError": (errors.RequestError,),
    "ResponseError": (errors.HexoframeError,),
    "IncompleteDataError": (errors.HexoframeError,),
    "UnknownChannelError": (errors.HexoframeError, LookupError),
    "TimestampError": (errors.HexoframeError, ValueError),
    "FileFormatError": (errors.HexoframeError, ValueError),
    "ConfigurationError": (errors.HexoframeError, ValueError),
    "SourceChangedError": (errors.HexoframeError, OSError),
    "OutputError": (errors.HexoframeError, OSError),
    "OutputExistsError": (errors.OutputError, FileExistsError),
    "CacheError": (errors.HexoframeError, OSError),
    "UnfinishedRecordError": (errors.HexoframeError,),
    "StorageError": (errors.HexoframeError, OSError),
    "HexoframeWarning": (UserWarning,),
    "MissingSamplesWarning": (errors.HexoframeWarning,),
    "SkippedChannelWarning": (errors.HexoframeWarning,),
    "UnfinishedRecordWarning": (errors.HexoframeWarning,),
    "MissingFactsWarning": (errors.HexoframeWarning,),
    "UnverifiedCalibrationWarning": (errors.HexoframeWarning,),
}
RETRYABLE = {
    "RateLimitedError",
    "ServerError",
    "StorageError",
    "UnfinishedRecordError",
    "UnreachableError",
}
ERRORS = [name for name in PARENTS if name.endswith("Error")]


def test_tree_is_the_documented_one():
    assert set(errors.__all__) == set(PARENTS)
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert defined == set(PARENTS)
    for name, parents in PARENTS.items():
        assert getattr(errors, name).__bases__ == parents
        assert name in errors.__doc__


def test_unknown_channel_is_no_key_error_whose_text_would_be_quoted():
    assert not issubclass(errors.UnknownChannelError, KeyError)
    assert str(errors.UnknownChannelError("no channel 'x'")) == "no channel 'x'"


@pytest.mark.parametrize("name", ERRORS)
def test_only_what_may_succeed_later_is_retryable(name):
    assert getattr(errors, name)("text").retryable is (name in RETRYABLE)


@pytest.mark.parametrize("name", PARENTS)
@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_error_arrives_in_another_process_as_it_was(name, protocol):
    error = getattr(errors, name)("what came, what was allowed")
    back = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own bytes
    assert type(back) is type(error)
    assert str(back) == "what came, what was allowed"
    assert back.args == error.args


def test_fields_travel_with_the_error():
    asked = errors.RateLimitedError("slow down", status=429, retry_after=1.5)
    back = pickle.loads(pickle.dumps(asked))  # noqa: S301
    assert (back.status, back.retry_after, str(back)) == (429, 1.5, "slow down")
    ledger = {"ecg": (100, 90)}
    lost = errors.IncompleteDataError("cut", ledger=ledger, resume={"page": 3})
    back = pickle.loads(pickle.dumps(lost))  # noqa: S301
    assert (back.ledger, back.resume) == (ledger, {"page": 3})


def test_fields_are_none_where_nobody_knows_them():
    assert errors.RequestError("text").status is None
    assert errors.RequestError("text").retry_after is None
    assert errors.IncompleteDataError("text").ledger is None
    assert errors.IncompleteDataError("text").resume is None
    with pytest.raises(TypeError):
        errors.RequestError("text", 404)


def test_a_warning_from_a_thread_of_ours_points_at_the_line_that_waits_for_it():
    code = compile("def job():\n    warn('text', HexoframeWarning)\n", "job.py", "exec")
    names = vars(errors) | {"__name__": "hexoframe.made_up"}
    exec(code, names)  # noqa: S102 - a module of the package, for once
    with ThreadPoolExecutor(1) as pool, pytest.warns(errors.HexoframeWarning) as told:
        pool.submit(names["job"]).result()
    assert [each.filename for each in told] == [__file__]


@pytest.mark.parametrize("name", ERRORS)
def test_no_message_obeys_control_characters(name):
    error = getattr(errors, name)("it said '\x1b[2Jhi\u202e'\nand\tmore")
    assert str(error) == "it said '\\x1b[2Jhi\\u202e'\nand\tmore"
    with pytest.warns(errors.HexoframeWarning, match=r"a\\x1b\[1m"):
        errors.warn("a\x1b[1m", errors.HexoframeWarning)


def test_words_of_every_language_stay_as_they_are():
    text = "Zoë, Ægir, 山田, עברית, emoji 🫀, a\u00a0b"
    assert errors.harmless(text) == text
