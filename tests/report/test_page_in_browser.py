"""The report in a browser: run with -m browser; needs Chromium and extra ``browser``.

The page is that of a hostile record with its real figures: whatever holds of it holds
of others.
"""

from __future__ import annotations

import pytest

from hexoframe.report.study_page import write_study_page
from tests.report.conftest import EVIL, IN_BROWSER

pytest.importorskip("jinja2", reason="pages need hexoframe[report]")
pytestmark = [
    *IN_BROWSER,
    pytest.mark.usefixtures("no_window"),
    pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning"),
]
# A4 less the margins of the page, in px of 1/96 inch.
WIDE, HIGH = (210 - 26) / 25.4 * 96, (297 - 31) / 25.4 * 96


@pytest.fixture(scope="module")
def pages(hostile, tmp_path_factory):
    """The report, and a study with a link to it."""
    folder = tmp_path_factory.mktemp("pages")
    report = hostile.report(folder / "report.html", identify=True)
    table = hostile.wear().assign(note=EVIL)
    study = write_study_page(
        table,
        folder / "study.html",
        title=EVIL,
        links={0: "report.html"},
        lines={0: hostile.heart_rate["heart_rate"]},
    )
    return {"report": report, "study": study}


@pytest.fixture
def opened(chromium, pages):
    """Opens a page, and notes what the browser complains of and asks for."""
    contexts = []

    def see(name="report", width=1280, **more):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **more)
        contexts.append(context)
        page = context.new_page()
        page.noted, page.asked = [], []
        page.on("console", lambda one: page.noted.append(one.text))
        page.on("pageerror", lambda one: page.noted.append(str(one)))
        page.on("dialog", lambda one: page.noted.append(one.message))
        page.on("request", lambda one: page.asked.append(one.url))
        page.goto(pages[name].as_uri())
        return page

    yield see
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ["report", "study"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_hostile_record_runs_nothing_asks_nothing_and_makes_no_noise(
    opened, pages, name, scheme
):
    page = opened(name, color_scheme=scheme)
    page.wait_for_timeout(200)
    assert page.noted == []
    asked = [url for url in page.asked if not url.startswith("data:")]
    assert asked == [pages[name].as_uri()]
    assert "owned" not in page.title() or name == "study"
    assert page.title() in {"Record 77, Hexoskin", EVIL}
    assert page.evaluate("document.scripts.length") == 0
    assert "document.title='owned'" in page.inner_text("body")


def test_even_a_script_that_came_in_would_not_run(opened):
    page = opened()
    page.evaluate(
        "() => { const one = document.createElement('script');"
        "one.textContent = 'window.owned = 1'; document.body.append(one); }"
    )
    assert page.evaluate("window.owned") is None
    assert any("Content Security Policy" in text for text in page.noted)


@pytest.mark.parametrize("name", ["report", "study"])
@pytest.mark.parametrize("width", [390, 1280, 2560])
def test_the_page_is_as_wide_as_the_window_and_no_wider(opened, name, width):
    page = opened(name, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # What is wider scrolls within itself.
    cut = page.evaluate(
        "() => [...document.querySelectorAll('p, h1, h2, dl, figcaption, .verdict')]"
        ".filter(one => one.scrollWidth > one.clientWidth + 1)"
        ".map(one => one.outerHTML)"
    )
    assert cut == []


def test_on_paper_no_figure_is_higher_or_wider_than_a_page(opened):
    page = opened(width=round(WIDE))
    page.emulate_media(media="print")
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('figure')].map(one => {"
        "const box = one.getBoundingClientRect(); return [box.width, box.height]; })"
    )
    assert len(sizes) >= 6
    assert max(height for _, height in sizes) <= HIGH
    assert max(width for width, _ in sizes) <= WIDE + 1
    wide = page.evaluate(
        "wide => [...document.querySelectorAll('body *:not(svg *)')]"
        ".filter(one => one.getBoundingClientRect().right > wide + 1)"
        ".map(one => one.outerHTML.slice(0, 100))",
        WIDE,
    )
    assert wide == []
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_paper_is_white_even_for_readers_with_a_dark_screen(opened):
    page = opened(color_scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) == "rgb(21, 23, 26)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(colour) == "rgb(255, 255, 255)"
    ink = "getComputedStyle(document.querySelector('.drawing text')).fill"
    assert page.evaluate(ink) == "rgb(27, 27, 27)"


def test_the_marks_of_figures_follow_a_dark_page(opened):
    page = opened(color_scheme="dark")
    fills = page.evaluate(
        "() => [...document.querySelectorAll('.drawing [stroke=\"#1b1b1b\"]')]"
        ".map(one => getComputedStyle(one).stroke)"
    )
    assert set(fills) == {"rgb(232, 232, 230)"}


@pytest.mark.parametrize("name", ["report", "study"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out(opened, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(name, color_scheme=scheme, bypass_csp=True)
    found = axe.run(page).response["violations"]
    grave = [
        (each["id"], [node["html"][:120] for node in each["nodes"]][:3])
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
    assert grave == []


def test_the_keyboard_reaches_every_link_table_and_figure(opened):
    page = opened()
    wanted = page.evaluate("document.querySelectorAll('a, [tabindex]').length")
    reached = set()
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))
    assert len(reached) == wanted
