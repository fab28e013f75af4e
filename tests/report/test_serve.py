"""The server of a view: this machine alone, the token, the samples that are asked."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

import hexoframe
from hexoframe.errors import ConfigurationError, UnknownChannelError
from hexoframe.report.serve import serve_view
from tests.report.unpacking import facts_of, ticks_of_times, values_of

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


@pytest.fixture(scope="module")
def record():
    return hexoframe.open_record(SAMPLES / "hexoskin_10min.zip")


@pytest.fixture(scope="module")
def served(record):
    with serve_view(record, channels=["ecg", "heart_rate"]) as address:
        yield urlsplit(address)


def ask(served, path, *, method="GET", **headers):
    """Status, headers and body of an answer; `path` is below the token."""
    connection = http.client.HTTPConnection(served.hostname, served.port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def test_it_listens_on_the_loopback_with_a_long_token(served):
    assert served.hostname == "127.0.0.1"
    assert len(served.path.strip("/")) >= 32
    assert served.path.endswith("/")


def test_the_page_says_that_it_is_served_and_may_ask_its_server_alone(served):
    status, headers, body = ask(served, served.path)
    assert status == 200
    page = body.decode()
    assert facts_of(page)["served"] is True
    assert "connect-src &#x27;self&#x27;" in page
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("first", "last"), [(0, 2560), (12_345, 14_905), (153_000, 160_000), (-500, 100)]
)
def test_it_sends_the_samples_of_a_span(served, record, first, last):
    query = f"samples?key=ecg_i&first={first}&last={last}"
    status, _, body = ask(served, served.path + query)
    assert status == 200
    found = json.loads(body)
    frame = record["ecg"]["ecg_i"].to_numpy()
    low, high = max(first, 0), min(last, len(frame))
    ticks = ticks_of_times(found["times"], {})
    np.testing.assert_array_equal(ticks, np.arange(low, high))
    values = values_of(found["columns"][0], {})
    np.testing.assert_array_equal(values, frame[low:high])


@pytest.mark.parametrize(
    "path", ["/", "/samples?key=ecg_i&first=0&last=9", "/x/", "//", "/../", "/%00/"]
)
def test_whoever_lacks_the_token_finds_nothing(served, path):
    assert ask(served, path)[0] == 404


def test_another_path_behind_the_token_is_not_found(served):
    for name in ("view.html", "../", "samples/", "%2e%2e/"):
        assert ask(served, served.path + name)[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "", "127.0.0.1"])
def test_another_name_of_the_machine_is_refused(served, host):
    """What a page of another site asks for under a name that it made point here."""
    status, _, body = ask(served, served.path, Host=host)
    assert (status, body) == (403, b"not under this name")


def test_localhost_is_a_name_of_it(served):
    assert ask(served, served.path, Host=f"localhost:{served.port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_only_answers_questions(served, method):
    assert ask(served, served.path, method=method)[0] == 501


@pytest.mark.parametrize(
    "query",
    [
        "key=eeg&first=0&last=10",
        "key=ecg_i",
        "key=ecg_i&first=a&last=b",
        "key=ecg_i&first=10&last=0",
        "key=ecg_i&first=0&last=99999999999",
        "first=0&last=10",
        "key=ecg_i&first=" + "9" * 5000 + "&last=0",
    ],
)
def test_a_question_without_sense_is_refused(served, query):
    assert ask(served, f"{served.path}samples?{query}")[0] == 400


def test_the_port_is_free_again_when_the_block_ends(record):
    with serve_view(record, channels=["heart_rate"]) as address:
        port = urlsplit(address).port
        with (
            pytest.raises(ConfigurationError, match=f"port {port} of 127"),
            serve_view(record, channels=["heart_rate"], port=port),
        ):
            pass
    with serve_view(record, channels=["heart_rate"], port=port) as address:
        assert urlsplit(address).port == port


def test_a_channel_that_is_not_known_is_said_before_anything_is_served(record):
    with pytest.raises(UnknownChannelError), serve_view(record, channels=["eeg"]):
        pass
