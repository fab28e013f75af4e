from __future__ import annotations

import base64
import hashlib
import re
import sys

import pytest

from hexoframe.errors import ConfigurationError
from hexoframe.report import html

pytest.importorskip("jinja2", reason="pages need hexoframe[report]")


def filled(**more):
    content = {"title": "T", "sentence": "S", "sections": [], "versions": []}
    return html.fill("study.html.j2", **{**content, **more})


def test_the_policy_lets_nothing_run_and_no_address_be_asked():
    page = filled()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[
        1
    ]
    rules = dict(
        rule.partition(" ")[::2] for rule in policy.replace("&#39;", "'").split("; ")
    )
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    # It stands before anything that it is about.
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_the_style_sheet_names_no_address_and_ends_no_element():
    style = re.search(r"<style>(.*?)</style>", filled(), re.DOTALL)[1]
    assert not re.search(r"url\(|@import|https?:|<", style)


def test_texts_are_escaped_and_a_missing_one_is_an_error():
    from jinja2 import UndefinedError

    page = filled(title="<script>1</script>", sentence='"&')
    assert "<script" not in page
    assert "&lt;script&gt;1&lt;/script&gt;" in page
    with pytest.raises(UndefinedError, match="title"):
        html.fill("study.html.j2", sentence="S", sections=[], versions=[])


@pytest.mark.parametrize("name", ["page", "page.pdf", "page.html.png"])
def test_a_path_that_no_browser_takes_for_a_page_is_refused(name):
    with pytest.raises(ConfigurationError, match=r"end it with \.html or \.htm"):
        html.check_target(name)


def test_without_jinja2_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'hexoframe\[report\]'"):
        html.environment()


def test_a_page_is_written_whole_and_not_replaced_unasked(tmp_path):
    from hexoframe.errors import OutputExistsError

    target = tmp_path / "new" / "page.HTML"
    assert html.check_target(target) == target
    assert html.write_page("ä", target, overwrite=False) == target
    assert target.read_bytes() == "ä".encode()
    html.write_page("ä", target, overwrite=False)  # it is the same
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        html.write_page("b", target, overwrite=False)
    html.write_page("b", target, overwrite=True)
    assert target.read_text() == "b"
    assert [path.name for path in target.parent.iterdir()] == ["page.HTML"]
