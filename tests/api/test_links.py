"""Base URLs, and links in answers, which are data from outside."""

from __future__ import annotations

import pytest

from hexoframe.api.links import ASTROSKIN, HEXOSKIN, Origin
from hexoframe.errors import ConfigurationError, ResponseError


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (HEXOSKIN, "https://api.hexoskin.com"),
        ("https://API.hexoskin.com:443/api/", "https://api.hexoskin.com"),
        (ASTROSKIN + "/", "https://astro.hexoskin.com"),
        ("https://lapi.hexoskin.com:4433", "https://lapi.hexoskin.com:4433"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_base_url_is_scheme_host_and_port(given, shown):
    assert str(Origin.of(given)) == shown
    assert Origin.of(shown) == Origin.of(given)


@pytest.mark.parametrize(
    "given",
    [
        "", "api.hexoskin.com", "ftp://api.hexoskin.com", "https://", "https://a b.com",
        "http://api.hexoskin.com", "http://192.168.1.5:8000", "http://127.0.0.1.evil.com",
        "https://api.hexoskin.com/other", "https://api.hexoskin.com/?a=1",
        "https://me:verysecret@api.hexoskin.com", "https://host:99999", "https://h\\e",
        "https://me:verysecret@[::1", "https://x\ny",
    ],
)  # fmt: skip
def test_what_is_no_safe_base_url_is_refused(given):
    with pytest.raises(ConfigurationError) as caught:
        Origin.of(given)
    assert "verysecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("/api/record/?limit=20&offset=20", "/api/record/?limit=20&offset=20"),
        ("?offset=20", "/api/record/?offset=20"),
        ("https://api.hexoskin.com/api/x/", "/api/x/"),
        ("https://API.hexoskin.com:443/api/x/#y", "/api/x/"),
        ("//api.hexoskin.com/api/x/", "/api/x/"),
    ],
)
def test_a_link_to_the_same_host_is_followed(link, path):
    assert Origin.of(HEXOSKIN).vet(link, seen_at="/api/record/") == path


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/record/", "//evil.example/api/", "http://api.hexoskin.com/",
        "https://api.hexoskin.com:444/", "https://api.hexoskin.com.evil.example/",
        "https://api.hexoskin.com@evil.example/", "https://u:p@api.hexoskin.com/api/",
        "javascript:alert(1)", "file:///etc/passwd", "/\\evil.example",
        "\\\\evil.example",
        "/api/\r\nX: y", "https://[::1", "", None, 5, {"a": 1},
        "https://api.hexoskin.com:x/",
    ],
)  # fmt: skip
def test_a_link_to_anywhere_else_is_refused(link):
    with pytest.raises(ResponseError) as caught:
        Origin.of(HEXOSKIN).vet(link, seen_at="/api/record/")
    assert "alert" not in str(caught.value)


def test_an_origin_owns_the_urls_that_lead_to_it():
    origin = Origin.of(HEXOSKIN)
    assert origin.owns("https://api.hexoskin.com/api/record/?a=b")
    assert not origin.owns("http://api.hexoskin.com/api/record/")
    assert not origin.owns("https://api.hexoskin.com.evil.example/")
    assert not origin.owns("https://[::1")
