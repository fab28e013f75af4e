"""The page to zoom into, against a page of plotly of the same channels.

plotly gets 200 000 samples a channel, beyond which its page opens in minutes; ours has
all of them. Both are opened and zoomed in Chromium. Without plotly, playwright and
Chromium (the extra ``browser``) the rows are left out, and say so.
"""

from __future__ import annotations

import os
import shutil
import time
from importlib.util import find_spec

import pandas as pd

from tests.benchmarks.harness import paired, race, timed

CHANNELS = ("ecg_i", "respiration_thoracic", "respiration_abdominal")
POINTS = 200_000
# Until what was asked for is on the screen.
PAINTED = """
const later = (done) => requestAnimationFrame(() => setTimeout(done));
const painted = () => new Promise(later);
"""
OURS = f"""async ([first, last]) => {{ {PAINTED}
  hexoframe.go(0, hexoframe.facts.length);
  await painted();
  const begin = performance.now();
  hexoframe.go(first, last);
  await painted();
  return (performance.now() - begin) / 1000;
}}"""
THEIRS = f"""async ([first, last]) => {{ {PAINTED}
  const plot = document.querySelector('.js-plotly-plot');
  await Plotly.relayout(plot, {{ 'xaxis.autorange': true }});
  await painted();
  const begin = performance.now();
  await Plotly.relayout(plot, {{ 'xaxis.range': [first, last] }});
  await painted();
  return (performance.now() - begin) / 1000;
}}"""


DRAWN = f"async () => {{ {PAINTED} await painted(); }}"


def by_plotly(record, path):
    from plotly.graph_objects import Figure, Scatter
    from plotly.subplots import make_subplots

    figure: Figure = make_subplots(rows=len(CHANNELS), shared_xaxes=True)
    for row, name in enumerate(CHANNELS, 1):
        frame = record[name]
        thinned = frame.iloc[:: max(len(frame) // POINTS, 1)]
        line = Scatter(x=thinned.index.tz_localize(None), y=thinned[name])
        figure.add_trace(line, row=row, col=1)
    figure.write_html(path, include_plotlyjs=True)


def opened(page, path, ready):
    """Open a page, and return how long it took until it showed its samples."""
    begin = time.perf_counter()
    page.goto(path.as_uri())
    page.evaluate(ready)
    return time.perf_counter() - begin


def bench(world):
    chromium = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    missing = [name for name in ("plotly", "playwright") if find_spec(name) is None]
    if missing or chromium is None:
        print(f"left out, {', '.join(missing) or 'Chromium'} is not installed")
        return
    from playwright.sync_api import sync_playwright

    record, folder = world.record, world.folder
    ours, theirs = folder / "view.html", folder / "plotly.html"
    yield race(
        timed(lambda: record.explore(ours, channels=list(CHANNELS), overwrite=True)),
        timed(lambda: by_plotly(record, theirs)),
        rounds=world.rounds,
        what="a page with every sample written",
        against=f"plotly, {POINTS:,} samples a channel",
    )
    yield paired(
        [(ours.stat().st_size / 1e6, theirs.stat().st_size / 1e6)],
        what="its size",
        against=f"plotly, {POINTS:,} samples a channel",
        unit="MB",
        at_most=True,
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        times, zooms = [], []
        for _ in range(world.rounds):
            mine = opened(page, ours, "() => hexoframe.ready")
            middle = (record.end_tick - record.start_tick) // 2
            near = page.evaluate(OURS, [middle, middle + 10 * record.clock])
            other = opened(page, theirs, DRAWN)
            half = record.start.tz_localize(None) + record.duration / 2
            span = [str(half), str(half + pd.Timedelta("10s"))]
            far = page.evaluate(THEIRS, span)
            times.append((mine, other))
            zooms.append((near, far))
        browser.close()
    yield paired(
        times, what="opened in Chromium", against="plotly's page", at_most=True
    )
    yield paired(zooms, what="zoomed to ten seconds", against="plotly's page", target=1)
