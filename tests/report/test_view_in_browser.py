"""The view in a browser: run with -m browser; needs Chromium and the extra ``browser``.

What is shown is compared with the frames of the record, by the numbers that the page
holds and by what it writes for people.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.report.serve import serve_view
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps import index_to_ticks
from tests.report.conftest import IN_BROWSER

pytestmark = IN_BROWSER
SAMPLES = Path(__file__).parents[2] / "data" / "samples"
HOSTILE = (
    "</script><script>parent.broken=1;broken=1</script><img src=x onerror=broken=1>"
)


class Tab:
    """A page that notes what a browser complains of, and what it asks for."""

    def __init__(self, chromium, width=1280, **more):
        self.context = chromium.new_context(
            viewport={"width": width, "height": 900}, **more
        )
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", lambda one: self.complaints.append(one.text))
        self.page.on("pageerror", lambda one: self.complaints.append(str(one)))
        self.page.on("request", lambda one: self.requests.append(one.url))

    def open(self, address):
        self.page.goto(str(address))
        self.page.evaluate("hexoframe.ready")
        return self

    def run(self, script, given=None):
        return self.page.evaluate(script, given)

    def go(self, first, last):
        self.run(
            "([a, b]) => { hexoframe.go(a, b); hexoframe.drawNow(); }", [first, last]
        )


@pytest.fixture
def tab(chromium):
    one = Tab(chromium)
    yield one
    one.context.close()


@pytest.fixture(scope="module")
def record():
    return hexoframe.open_record(SAMPLES / "hexoskin_10min.zip").tz_convert(
        "America/Montreal"
    )


@pytest.fixture(scope="module")
def page(record, tmp_path_factory):
    path = tmp_path_factory.mktemp("view") / "view.html"
    return Path(record.explore(path)).as_uri()


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """A day, as a vendor's export has it: ECG and both belts with every sample."""
    path = Path(os.environ.get("HEXOFRAME_DAY", ""))
    if not path.is_file():
        path = tmp_path_factory.mktemp("day") / "day.zip"
        shirt = Shirt(seed=1, duration_s=86_400, activity="day", movement=0.02)
        write_export(wear(shirt), path)
    return hexoframe.open_record(path)


def test_the_page_complains_of_nothing_and_asks_no_address(tab, page):
    tab.open(page)
    for key in ("ArrowRight", "+", "n", "b", ".", "s", "e", "z", "y", "c", "?", "0"):
        tab.page.keyboard.press(key)
    tab.page.wait_for_timeout(300)
    assert tab.complaints == []
    # The page itself, and its two workers.
    assert [one for one in tab.requests if not one.startswith("blob:")] == [page]


def test_ten_seconds_hold_each_of_their_samples(tab, page):
    tab.open(page)
    tab.go(20 * 256, 30 * 256)
    shown = tab.run(
        "() => { const { drawn } = hexoframe.panel('ecg_i');"
        " const inside = drawn.data[0].filter((x) => x >= 5120 && x < 7680);"
        " return [drawn.count, drawn.all, inside]; }"
    )
    assert shown[:2] == [2560, True]
    assert shown[2] == list(range(5120, 7680))


def test_values_are_those_of_the_frame_at_ten_ticks_of_each_panel(tab, page, record):
    tab.open(page)
    chance = random.Random(7)  # noqa: S311
    for key in tab.run(
        "() => hexoframe.panels.filter((one) => one.series).map((one) => one.facts.key)"
    ):
        frame = record[key]
        ticks = index_to_ticks(frame.index, clock=256) - record.start_tick
        rows = sorted(chance.sample(range(len(frame)), min(10, len(frame))))
        found = tab.run(
            "([key, rows]) => { const { series } = hexoframe.panel(key);"
            " const { times, columns } = series;"
            " const values = (i) => columns.map((one) => one.value(i));"
            " return rows.map((i) => [times.at(i), ...values(i)]); }",
            [key, rows],
        )
        wanted = [
            [
                int(ticks[row]),
                *(None if np.isnan(x) else float(x) for x in frame.iloc[row]),
            ]
            for row in rows
        ]
        assert found == wanted, key


def test_the_cursor_reads_local_time_tick_value_and_unit(tab, page, record):
    tab.open(page)
    tab.go(60 * 256, 70 * 256)
    tick = 65 * 256 + 64
    box = tab.page.locator(".u-over").first.bounding_box()
    at = box["x"] + (tick - 60 * 256) / 2560 * box["width"]
    tab.page.mouse.move(at, box["y"] + 20)
    read = tab.run("() => hexoframe.state.cursor")
    assert abs(read - tick) <= 2
    told = tab.page.locator("#cursor").inner_text()
    moment = record.between(record.start_tick + read, None).start
    assert moment.strftime("%Y-%m-%d %H:%M:%S") in told
    assert f"tick {record.start_tick + read}" in told
    assert "-05:00" in told
    value = tab.page.locator("section[aria-label^='ECG I'] .value").inner_text()
    frame = record["ecg_i"]
    assert value == f"{frame.iloc[read]['ecg_i']:.4f} mV"


def test_the_copied_line_selects_what_is_in_view(tab, page, record):
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.open(page)
    tab.go(12_345, 14_905)
    tab.page.keyboard.press("c")
    line = tab.run("() => navigator.clipboard.readText()")
    assert line == tab.page.locator("#line").input_value()
    part = eval(line, {"record": record})  # noqa: S307  # that is what a user does
    assert part.start_tick == record.start_tick + 12_345
    assert part.end_tick == record.start_tick + 14_905
    assert len(part["ecg"]) == 2560


def test_a_hole_is_a_hole_and_no_line_crosses_it(tab, record, tmp_path):
    ecg = record["ecg"]
    seconds = (ecg.index - record.start).total_seconds()
    holed = record.replace(ecg=ecg[(seconds < 100) | (seconds >= 104.5)])
    tab.open(Path(holed.explore(tmp_path / "holed.html", channels=["ecg"])).as_uri())
    tab.go(95 * 256, 110 * 256)
    xs, ys = tab.run("() => hexoframe.panel('ecg_i').drawn.data")
    inside = [y for x, y in zip(xs, ys, strict=True) if 100 * 256 <= x < 104.5 * 256]
    assert inside == [None]
    # Two pixels of a view of all: no sample, no line.
    tab.go(0, 600 * 256)
    xs, ys = tab.run("() => hexoframe.panel('ecg_i').drawn.data")
    inside = [y for x, y in zip(xs, ys, strict=True) if 100.6 * 256 < x < 103.9 * 256]
    assert inside
    assert set(inside) == {None}
    told = tab.run("() => hexoframe.panel('ecg_i').at(102 * 256)")
    assert told["text"] == "no sample"
    assert "missing" in told["why"]


def test_samples_that_outlast_their_record_are_in_view(tab, record, tmp_path):
    span = (record.start_tick + 100, record.end_tick - 5000)
    part = record.of(record, span=span)
    view = part.explore(tmp_path / "part.html", channels=["ecg"])
    tab.open(Path(view).as_uri())
    assert window(tab) == [-100, len(record["ecg"]) - 100]
    assert tab.run("() => hexoframe.panel('ecg_i').drawn.count") == len(record["ecg"])


def test_keys_alone_reach_everything(tab, page):
    tab.open(page)
    seen = set()
    for _ in range(60):
        tab.page.keyboard.press("Tab")
        seen.add(
            tab.run(
                "() => { const one = document.activeElement;"
                " return one.id || one.ariaLabel || one.tagName; }"
            )
        )
    assert {
        "back",
        "on",
        "in",
        "out",
        "whole",
        "length",
        "moment",
        "previous",
        "next",
    } <= seen
    assert {"heights", "SUMMARY", "copy", "line", "ECG I, mV"} <= seen
    tab.run("() => document.activeElement.blur()")
    tab.page.keyboard.press("g")
    tab.page.keyboard.type("2min")
    tab.page.keyboard.press("Enter")
    assert tab.run("() => hexoframe.state.cursor") == 120 * 256
    tab.page.locator("section[aria-label^='ECG I']").focus()
    tab.page.keyboard.press("+")
    tab.page.keyboard.press(".")
    tab.page.keyboard.press(".")
    assert tab.run("() => hexoframe.state.cursor") == 120 * 256 + 2
    assert "mV" in tab.page.locator("#said").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(chromium, page, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    one = Tab(chromium, color_scheme=scheme).open(page)
    found = axe.Axe().run(one.page).response["violations"]
    one.context.close()
    grave = [each["id"] for each in found if each["impact"] in {"serious", "critical"}]
    assert grave == [], json.dumps(found, indent=1)[:4000]


@pytest.mark.parametrize("width", [390, 1280, 2560])
def test_nothing_is_wider_than_the_screen(chromium, page, width):
    one = Tab(chromium, width).open(page)
    assert one.run("() => document.documentElement.scrollWidth") <= width
    assert one.complaints == []
    one.context.close()


def test_text_of_a_hostile_record_is_shown_and_never_run(tab, record, tmp_path):
    ranges = facts_table(
        "ranges",
        [
            {"name": HOSTILE, "note": HOSTILE, "trainingroutine": HOSTILE,
             "start": record.start_tick, "end": record.end_tick},
        ],
    )  # fmt: skip
    notes = facts_table(
        "annotations", [{"time": record.start_tick + 5000, "comment": HOSTILE}]
    )
    info = dict.fromkeys(("user", "device", "origin", "note"), HOSTILE)
    facts = Facts(info=info, ranges=ranges, annotations=notes)
    hostile = record.of(record, facts=facts)
    view = hostile.explore(tmp_path / "hostile.html")
    tab.open(Path(view).as_uri())
    tab.page.keyboard.press("n")
    tab.page.wait_for_timeout(200)
    assert tab.run("() => globalThis.broken") is None
    assert tab.complaints == []
    assert HOSTILE in tab.page.locator("#said").inner_text()
    # In the frame of a notebook, too.
    tab.page.set_content(f"<body>{view._repr_html_()}</body>")
    frame = tab.page.frames[-1]
    frame.wait_for_function("globalThis.hexoframe?.panel('ecg_i').series")
    assert frame.evaluate("globalThis.broken") is None
    assert tab.run("() => globalThis.broken") is None


def test_a_page_where_no_worker_may_start_reads_its_samples_all_the_same(
    tab, page, record
):
    tab.page.add_init_script(
        "globalThis.Worker = class { constructor() { throw new Error('no'); } }"
    )
    tab.open(page)
    held = tab.run("() => hexoframe.panel('ecg_i').series.times.n")
    assert held == len(record["ecg"])
    assert tab.complaints == []


def test_a_frame_in_which_the_page_around_forbids_workers_is_read(tab, record):
    """As in VS Code, whose policy the page in the frame inherits."""
    shown = record.explore(channels=["heart_rate"])._repr_html_()
    policy = (
        "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'unsafe-inline'; child-src https: data:"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    tab.page.set_content(f"<head>{meta}</head><body>{shown}</body>")
    frame = tab.page.frames[-1]
    frame.wait_for_function("globalThis.hexoframe?.panel('heart_rate').series")
    assert frame.evaluate("hexoframe.panel('heart_rate').drawn.count") == 599


def test_damaged_samples_are_said_and_not_drawn(tab, record, tmp_path):
    text = record.explore(channels=["ecg", "heart_rate"]).html
    head, mark, rest = text.partition('id="ecg_i-0">')
    path = tmp_path / "damaged.html"
    path.write_text(f"{head}{mark}{rest[:2000]}{rest[2400:]}", "utf-8")
    tab.page.goto(path.as_uri())
    tab.page.wait_for_function("() => hexoframe.panel('heart_rate').series")
    tab.page.wait_for_function("() => hexoframe.panel('ecg_i').state === 'failed'")
    assert "rror" in tab.page.locator("section[aria-label^='ECG I'] .how").inner_text()


def test_a_served_page_gets_every_sample_of_what_is_zoomed_into(
    tab, record, monkeypatch
):
    monkeypatch.setattr("hexoframe.report.serve._LARGEST", 300_000)
    with serve_view(record, channels=["ecg"]) as address:
        tab.open(address)
        assert tab.run("() => hexoframe.panel('ecg_i').facts.every") == 16
        tab.go(50 * 256, 60 * 256)
        tab.page.wait_for_function("() => hexoframe.panel('ecg_i').detail")
        tab.page.wait_for_timeout(100)
        count, all_of_them = tab.run(
            "() => { const { drawn } = hexoframe.panel('ecg_i');"
            " return [drawn.count, drawn.all]; }"
        )
        values = tab.run(
            "() => { const { times, columns } = hexoframe.panel('ecg_i').detail.series;"
            " return columns[0].value(times.row(55 * 256)); }"
        )
        assert [count, all_of_them] == [2560, True]
        assert values == record["ecg"].iloc[55 * 256]["ecg_i"]
        assert tab.complaints == []
        assert all(one.startswith((address, "blob:")) for one in tab.requests)


@pytest.mark.slow
def test_a_day_opens_in_eight_seconds_and_zooms_in_150_ms(tab, day, tmp_path):
    """24 h of ECG and both belts, every sample; the median of ten zooms."""
    path = Path(day.explore(tmp_path / "day.html", channels=["ecg_i", "respiration"]))
    assert path.stat().st_size < 25_000_000
    tab.page.goto(path.as_uri())
    tab.run("() => hexoframe.ready")
    took = tab.run("() => performance.now()") / 1000
    zooms = tab.run(
        """async () => {
          const took = [], whole = hexoframe.facts.length;
          const later = (done) => requestAnimationFrame(() => setTimeout(done));
          const painted = () => new Promise(later);
          for (let k = 0; k < 10; k++) {
            hexoframe.go(0, whole);
            await painted();
            const begin = performance.now(), a = Math.floor((0.02 + 0.09 * k) * whole);
            hexoframe.go(a, a + 2560);
            await painted();
            took.push(performance.now() - begin);
          }
          return took;
        }"""
    )
    size, told = path.stat().st_size / 1e6, [round(one) for one in sorted(zooms)]
    print(f"a day of {size:.1f} MB opens in {took:.1f} s; zooms take {told} ms")
    assert took <= 8
    assert sorted(zooms)[5] <= 150
    assert tab.run("() => hexoframe.panel('ecg_i').drawn.count") == 2560


# -- mouse, touch, clock ---------------------------------------------------------------


def plot_box(tab):
    return tab.page.locator(".u-over").first.bounding_box()


def window(tab):
    return tab.run("() => [hexoframe.state.a, hexoframe.state.b]")


def test_the_wheel_zooms_where_the_mouse_is(tab, page):
    tab.open(page)
    box = plot_box(tab)
    whole = window(tab)
    at = whole[1] / 4
    tab.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 10)
    for _ in range(5):
        tab.page.mouse.wheel(0, -300)
    tab.page.wait_for_function("() => hexoframe.state.b < 30000 * 4")
    tab.page.wait_for_timeout(200)
    first, last = window(tab)
    assert last - first < whole[1] / 8
    assert abs((at - first) / (last - first) - 0.25) < 0.01
    tab.page.mouse.dblclick(box["x"] + 50, box["y"] + 10)
    tab.page.wait_for_timeout(100)
    assert window(tab) == whole


def test_dragging_zooms_and_with_shift_it_marks(tab, page, record):
    tab.open(page)
    box = plot_box(tab)
    whole = window(tab)

    def drag():
        tab.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10)
        tab.page.mouse.down()
        tab.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 12, steps=4)
        tab.page.mouse.up()
        tab.page.wait_for_timeout(100)

    tab.page.keyboard.down("Shift")
    drag()
    tab.page.keyboard.up("Shift")
    assert window(tab) == whole
    first, last = tab.run("() => hexoframe.state.mark")
    assert abs(first - whole[1] * 0.5) < whole[1] / 500
    assert abs(last - whole[1] * 0.6) < whole[1] / 500
    part = eval(  # noqa: S307  # that is what a user does
        tab.page.locator("#line").input_value(), {"record": record}
    )
    assert part.end_tick - part.start_tick == last - first
    tab.page.keyboard.press("Escape")
    assert tab.run("() => hexoframe.state.mark") is None
    drag()
    first, last = window(tab)
    assert abs(first - whole[1] * 0.5) < whole[1] / 500
    assert abs(last - whole[1] * 0.6) < whole[1] / 500


def test_two_fingers_zoom_and_one_moves(chromium, page):
    one = Tab(chromium, 390, has_touch=True).open(page)
    box, whole = plot_box(one), window(one)
    hand = one.context.new_cdp_session(one.page)
    y = box["y"] + 20

    def touch(kind, *places):
        points = [{"x": x, "y": y, "id": at} for at, x in enumerate(places)]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    left, middle = box["x"], box["x"] + box["width"] / 2
    touch("touchStart", middle - 20, middle + 20)
    for step in range(1, 9):
        touch("touchMove", middle - 20 - 10 * step, middle + 20 + 10 * step)
    touch("touchEnd")
    one.page.wait_for_timeout(150)
    first, last = window(one)
    assert (last - first) / whole[1] == pytest.approx(40 / 200, rel=0.15)
    assert (first + last) / 2 / whole[1] == pytest.approx(0.5, abs=0.05)
    touch("touchStart", left + 200)
    for step in range(1, 9):
        touch("touchMove", left + 200 - 10 * step)
    touch("touchEnd")
    one.page.wait_for_timeout(150)
    moved, end = window(one)
    assert end - moved == last - first
    assert moved > first
    assert one.complaints == []
    one.context.close()


def test_the_clock_of_the_page_is_that_of_the_zone_across_its_change(tab, tmp_path):
    """In Montreal 01:59:59 is followed by 03:00:00 that night."""
    first = int(pd.Timestamp("2024-03-10T04:00Z").timestamp()) * 256
    ticks = first + 256 * np.arange(1, 6 * 3600 + 1)
    rate = pd.DataFrame(
        {"heart_rate": np.full(len(ticks), 60.0)},
        index=hexoframe.timestamps.ticks_to_index(ticks, clock=256),
    )
    night = hexoframe.Record("hexoskin", (first, int(ticks[-1])), {"heart_rate": rate})
    night = night.tz_convert("America/Montreal")
    tab.open(Path(night.explore(tmp_path / "night.html")).as_uri())
    for tick in (0, 1, 3 * 3600 * 256 - 1, 3 * 3600 * 256, 3 * 3600 * 256 + 77):
        moment = hexoframe.timestamps.tick_to_time(first + tick, clock=256)
        local = moment.tz_convert("America/Montreal")
        told = tab.run("(tick) => hexoframe.clock.local(tick)", tick)
        text = f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}"
        assert told == f"{text} {local:%z}"[:-2] + f":{local:%z}"[-2:].rjust(3, ":")
        exact = tab.run("(tick) => hexoframe.clock.exact(tick)", tick)
        assert hexoframe.timestamps.time_to_tick(exact, clock=256) == first + tick
    labels = tab.run(
        "() => { const { found, step } = hexoframe.clock.splits(0, 6 * 3600 * 256, 8);"
        " return hexoframe.clock.labels(found, step); }"
    )
    assert labels == [
        "23:00\n2024-03-09", "00:00\n2024-03-10", "01:00", "03:00", "04:00", "05:00",
        "06:00",
    ]  # fmt: skip
    for text, seconds in (
        ("23:00", 0),
        ("01:30", 2.5 * 3600),
        ("2024-03-10 03:30:00.5", 3.5 * 3600 + 0.5),
        ("90s", 90),
        ("1.5 h", 5400),
        (str(first + 256), 1),
    ):
        found = tab.run("(text) => hexoframe.clock.parsed(text, 6 * 3600 * 256)", text)
        assert found == seconds * 256, text
    for text in ("", "soon", "25h30", "12"):
        assert tab.run("(text) => hexoframe.clock.parsed(text, 1e9)", text) is None


def test_no_panel_moves_when_the_cursor_says_much(chromium, page):
    one = Tab(chromium, 390).open(page)
    before = [each.bounding_box() for each in one.page.locator(".u-over").all()]
    one.page.mouse.move(before[1]["x"] + 2, before[1]["y"] + 5)
    assert "initial" in one.page.locator(".why").all_inner_texts()
    after = [each.bounding_box() for each in one.page.locator(".u-over").all()]
    assert after == before
    one.context.close()


def test_a_page_prints_with_its_lines_and_no_buttons(tab, page, tmp_path):
    tab.open(page)
    path = tmp_path / "page.pdf"
    tab.page.pdf(path=path, format="A4")
    assert path.stat().st_size > 20_000
    tab.page.emulate_media(media="print")
    tab.run("() => dispatchEvent(new Event('beforeprint'))")
    # The axis and the panels are one width, so that each line has its time.
    axis = tab.page.locator("#axis").bounding_box()
    plots = [one.bounding_box() for one in tab.page.locator(".plot .uplot").all()]
    assert {(one["x"], one["width"]) for one in plots} == {(axis["x"], axis["width"])}
    assert not tab.page.locator("#tools").is_visible()
