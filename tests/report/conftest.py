"""What tests of pages stand on: small records, figures that cost nothing, a parser."""

from __future__ import annotations

import os
import shutil
from html.parser import HTMLParser

import pytest

import hexoframe
from hexoframe.record import Record
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear

# A text that a page must show and never obey.
EVIL = """"'><script>document.title='owned'</script><img src=x onerror=alert(1)>"""
SECRETS = {
    "user_id": 71_717_171,
    "email": "wearer@hospital.example",
    "device": "HXSECRET0001",
}


CHROMIUM = shutil.which(os.environ.get("CHROMIUM", "chromium"))
# Marks of a module that looks at pages in a browser.
IN_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="there is no Chromium: install it, or name it in CHROMIUM",
    ),
    # Playwright runs an event loop of its own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="session")
def chromium():
    api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: the extra browser"
    )
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def no_window():
    """Draw without a screen, change no setting, leave no figure open."""
    mpl = pytest.importorskip("matplotlib", reason="pages need hexoframe[report]")
    from matplotlib import pyplot as plt

    mpl.use("Agg")
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


@pytest.fixture(scope="session")
def few_minutes(tmp_path_factory):
    """Four minutes with a shirt that is off for one, and a press of the button."""
    shirt = Shirt(
        seed=3, duration_s=240, record_id=77, unworn=((120, 60),), presses=(30,)
    )
    path = tmp_path_factory.mktemp("export") / "record.zip"
    return hexoframe.open_record(write_export(wear(shirt), path)).load()


@pytest.fixture(scope="session")
def hostile(few_minutes):
    """The same with a script in every text, and with facts that name the wearer."""
    start = few_minutes.start_tick
    rows = [
        {"id": 1, "name": f"range {EVIL}", "note": f"note {EVIL}",
         "trainingroutine": EVIL, "start": start, "end": start + 60 * 256},
    ]  # fmt: skip
    marks = [{"time": start + 256, "id": 2, "comment": f"said by Jane {EVIL}"}]
    info = {
        **few_minutes.facts.info,
        **SECRETS,
        "status": f"status {EVIL}",
        "algo": {"algorithms": {EVIL: EVIL}},
        "provenance": dict.fromkeys(few_minutes, f"way {EVIL}"),
        "title": EVIL,
        "edited": [EVIL],
    }
    facts = Facts(
        info=info,
        ranges=facts_table("ranges", rows),
        annotations=facts_table("annotations", marks),
        statistics=few_minutes.facts.statistics,
    )
    return Record.of(few_minutes, facts=facts)


@pytest.fixture(scope="session")
def plain():
    """Draws nothing of the record: an empty figure."""

    def draw(record, what, **part):
        from matplotlib.figure import Figure

        del record, what, part
        figure = Figure(figsize=(1, 1))
        return figure, figure.subplots()

    return draw


class Page(HTMLParser):
    """The elements and the texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.texts = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="session")
def parsed():
    return Page
