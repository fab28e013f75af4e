"""Starting, stopping, the command, other tools."""

from __future__ import annotations

import hashlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests

from hexoframe.errors import ConfigurationError
from hexoframe.simulator.server import default_shirts, serve, simulate

NAMES = ["BASE_URL", "USERNAME", "PASSWORD", "API_KEY", "API_SECRET"]


def test_the_environment_is_what_the_client_reads(server):
    told = server.environment()
    assert list(told) == [f"HEXOFRAME_{name}" for name in NAMES]
    assert told["HEXOFRAME_BASE_URL"] == server.base_url
    assert all(told.values())


def test_a_stopped_server_frees_its_port_and_its_threads():
    before = threading.active_count()
    with serve(recordings=()) as server:
        port = urlsplit(server.base_url).port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
    with serve(recordings=(), port=port) as again:
        assert again.base_url == server.base_url
    assert threading.active_count() <= before


def test_a_session_that_ends_while_a_server_runs_ends_at_once():
    code = """
from contextlib import ExitStack
from hexoframe.simulator import serve
stack = ExitStack()
stack.enter_context(serve(recordings=()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], timeout=60, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_two_servers_run_side_by_side_with_the_same_credentials(server):
    with serve(recordings=()) as other:
        assert other.base_url != server.base_url
        assert other.environment() | {"HEXOFRAME_BASE_URL": ""} == (
            server.environment() | {"HEXOFRAME_BASE_URL": ""}
        )


def test_many_threads_are_answered_at_once(server, ask):
    found = []

    def load():
        path = "/api/data/?record=300004&datatype=19,33"
        found.append(ask(server, path).body)

    threads = [threading.Thread(target=load) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len(set(found)) == 1


@pytest.mark.parametrize("family", ["hexoskin", "astroskin_256", "astroskin_1000"])
def test_the_default_world_exists_for_each_family(family, ask):
    with serve(recordings=default_shirts(family)) as server:
        assert server.world.family == family
        assert len(ask(server, "/api/record/").objects) == 4


def test_nothing_is_worn_before_it_is_asked_for():
    with serve() as server:
        sources = [record.source for record in server.world.records.values()]
    assert all(source._worn is None for source in sources)


def test_the_package_does_not_need_flask_before_a_server_starts():
    code = (
        "import sys, hexoframe.simulator.server;"
        "print([m for m in ('flask', 'werkzeug', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_flask_the_error_says_what_to_install(monkeypatch):
    for name in ("running", "listener", "app", "sending"):
        monkeypatch.delitem(
            sys.modules, f"hexoframe.simulator.server.{name}", raising=False
        )
    monkeypatch.setitem(sys.modules, "werkzeug.serving", None)
    monkeypatch.setitem(sys.modules, "werkzeug", None)
    with pytest.raises(ConfigurationError, match=r"hexoframe\[demo\]"), serve():
        pass


def test_simulate_leaves_the_handling_of_signals_as_it_was(capsys):
    before = signal.getsignal(signal.SIGTERM)

    def end():
        while signal.getsignal(signal.SIGTERM) is before:
            time.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)

    thread = threading.Thread(target=end)
    thread.start()
    simulate()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
    told = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert list(told) == [f"HEXOFRAME_{name}" for name in NAMES]


def test_curl_works(server, tmp_path):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("this machine has no curl")
    url = f"{server.base_url}/api/data/?record=300002"
    usual = [curl, "--silent", "--fail", "--noproxy", "*"]
    usual += ["--user", f"{server.username}:{server.password}"]
    usual += ["--header", "Accept: application/octet-stream"]
    whole, part = tmp_path / "whole.zip", tmp_path / "part.zip"
    subprocess.run([*usual, "--output", str(whole), url], check=True)
    assert whole.read_bytes()[:2] == b"PK"
    part.write_bytes(whole.read_bytes()[:1000])
    go_on = ["--continue-at", "-", "--output", str(part)]
    subprocess.run([*usual, *go_on, url], check=True)
    assert server.log[-1].range == "bytes=1000-"
    assert part.read_bytes() == whole.read_bytes()


# --- a client that works like the vendor's ------------------------------------------


@pytest.fixture
def certificate(tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("this machine has no openssl to make a certificate with")
    path = tmp_path / "loopback.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", str(path), "-out", str(path), "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return path


def test_a_client_that_crawls_signs_and_writes_as_the_vendors_gets_through(
    small, certificate
):
    """HTTPS, all schemas, signed URLs, `next` after the host, PUT of all fields."""
    requests = pytest.importorskip("requests")
    server = small(unsigned_basic=False, certificate=str(certificate))
    assert server.base_url.startswith("https://")

    class Signed(requests.auth.HTTPBasicAuth):
        def __call__(self, request):
            stamp = str(int(time.time()))
            text = f"{server.api_secret}{stamp}{request.url}".encode()
            digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()
            request.headers["X-HEXOTIMESTAMP"] = stamp
            request.headers["X-HEXOAPIKEY"] = server.api_key
            request.headers["X-HEXOAPISIGNATURE"] = digest
            return super().__call__(request)

    def call(method, path, form="application/json", **more):
        answer = requests.request(
            method, server.base_url + path, verify=str(certificate), timeout=10,
            auth=Signed(server.username, server.password),
            headers={"Accept": form, "Content-type": "application/json",
                     "X-HexoAPIVersion": "3.3.x"}, **more,
        )  # fmt: skip
        answer.raise_for_status()
        kind = answer.headers.get("content-type", "").split(";")[0]
        return answer.json() if kind == "application/json" else answer

    conf = {
        name: call("get", entry["schema"])
        for name, entry in call("get", "/api/").items()
        if not name.startswith(("import", "studymember"))  # as the vendor's client
    }
    assert len(conf) == 77
    assert all(
        {"fields", "allowed_list_http_methods"} <= s.keys() for s in conf.values()
    )
    page = call("get", "/api/datatype/", params={"limit": 20})
    assert len(call("get", page["meta"]["next"])["objects"]) == 20
    user = call("get", "/api/account/")["objects"][0]["resource_uri"]
    new = {"name": "test", "start": 353163129199, "end": 353163139199, "user": user}
    made = call("post", "/api/range/", json=new)
    again = call("put", made["resource_uri"], json=made | {"name": "other"})
    assert again == made | {"name": "other"}
    assert call("delete", made["resource_uri"]).status_code == 204
    given = {"record": 41, "datatype": "19,33"}
    assert set(call("get", "/api/data/", params=given)[0]["data"]) == {"19", "33"}
    assert "datatype=19%2C33" in server.log[-1].path
    for form, start in (
        ("application/octet-stream", b"PK"), ("text/csv", b"time [s/256],heart_rate"),
        ("application/x-edf", b"0       20001 "),
    ):  # fmt: skip
        answer = call("get", "/api/data/", params=given, form=form)
        assert answer.headers["content-type"].split(";")[0] == form
        assert answer.content.startswith(start)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example.org", 421),
        ("evil.example.org:80", 421),
        ("127.0.0.1.example.org", 421),
        ("localhost.example.org", 421),
        ("192.168.1.5", 421),
        ("127.0.0.1, evil.example.org", 421),
        ("[", 421),
        ("localhost", 200),
        ("LOCALHOST:{port}", 200),
        ("127.0.0.1:{port}", 200),
        ("127.1.2.3", 200),
        ("[::1]:{port}", 200),
    ],
)
@pytest.mark.parametrize("query", ["", "?next=http://127.0.0.1/"])
def test_only_names_of_this_machine_are_answered(server, host, status, query):
    port = urlsplit(server.base_url).port
    answer = requests.get(
        f"{server.base_url}/api/{query}",
        headers={"Host": host.format(port=port)},
        timeout=10,
    )
    assert answer.status_code == status
    assert status == 200 or answer.json() == {
        "error": "this server answers only to names of this machine"
    }
