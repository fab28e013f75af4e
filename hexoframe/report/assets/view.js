"use strict";
// The view: panels on one time axis, moved by mouse, touch and keys. All text that comes
// from the record is set as text, never as HTML.
(() => {
  const $ = (id) => document.getElementById(id);
  const FACTS = JSON.parse($("facts").textContent);
  // The record, and the samples that lie before its start or behind its end.
  const extents = FACTS.panels.map((one) => one.extent).filter(Boolean);
  const FIRST = Math.min(0, ...extents.map(([first]) => first));
  const LAST = Math.max(FACTS.length, FIRST + 1, ...extents.map(([, last]) => last + 1));
  const clock = new Clock(FACTS);
  // No view is shorter than this, in ticks.
  const SHORTEST = 8;
  // Every sample is drawn up to so many, or four a pixel.
  const ROOM = 16384;
  // From a server samples are asked for up to so many.
  const MOST_ASKED = 400000;
  // Width on paper, in pixels: A4 with the margins of a browser.
  const PAPER = 690;
  // Steps of an axis of whole numbers.
  const WHOLE = [1, 10, 100, 1000, 10000].flatMap((ten) => [ten, 2 * ten, 5 * ten]);
  const state = {
    a: FIRST, b: LAST, cursor: null, mark: null, fit: false, active: null, drag: null,
  };
  const colours = {};
  let gutter = 76, pending = false;

  // -- a panel -------------------------------------------------------------------------

  function element(name, style, parent = null, text = "") {
    const made = document.createElement(name);
    if (style) made.className = style;
    if (text) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  }

  function marksOf(marks) {
    if (!marks) return null;
    const ticks = new Float64Array(marks.steps.length);
    let tick = 0;
    marks.steps.forEach((step, i) => { tick += step; ticks[i] = tick; });
    const why = new Map(marks.bad.map((row, i) => [row, marks.reasons[marks.why[i]]]));
    return { label: marks.label, ticks, why };
  }

  class Panel {
    constructor(facts) {
      this.facts = facts;
      this.series = null;
      this.detail = null;
      this.drawn = null;
      this.state = "waiting";
      this.marks = marksOf(facts.marks);
      const section = element("section", "panel");
      section.tabIndex = 0;
      section.setAttribute("aria-label", `${facts.label}${facts.unit ? `, ${facts.unit}` : ""}`);
      const head = element("div", "head", section);
      this.title = element("h2", "", head, facts.label);
      element("span", "unit", head, facts.unit);
      this.value = element("span", "value", head);
      this.note = element("span", "note", head);
      this.why = element("span", "why", head);
      this.how = element("span", "how", head);
      this.plot = element("div", "plot", section);
      section.addEventListener("focus", () => { state.active = this; });
      section.addEventListener("pointerdown", () => { state.active = this; });
      this.section = section;
    }

    get isRows() { return this.facts.style === "rows"; }

    height() {
      if (this.isRows) return Math.max(40, 20 * this.facts.rows.length + 10);
      return this.facts.tall ? 124 : 84;
    }

    // The series that is drawn: what the server sent of this part, else what is here.
    current(a, b) {
      const { detail } = this;
      return detail && detail.first <= a && b <= detail.last ? detail.series : this.series;
    }

    make(width, height) {
      this.uplot?.destroy();
      this.width = width - gutter - 8;
      const names = this.isRows ? [] : this.series?.lines() ?? [];
      const axis = {
        stroke: colours.faint, size: gutter, gap: 4, font: "11px system-ui, sans-serif",
        grid: { stroke: colours.grid, width: 1 }, ticks: { show: false },
      };
      const rows = this.facts.rows ?? [];
      const y = this.isRows
        ? { splits: () => rows.map((_, i) => i), values: () => rows.map((row) => fitted(row.name)), grid: { show: false } }
        : { space: 26, ...(this.isWhole() ? { incrs: WHOLE } : {}), values: (_, splits) => splits.map((v) => plain(v * this.facts.factor)) };
      this.uplot = new uPlot({
        width, height, legend: { show: false }, cursor: { show: false }, padding: [4, 8, 4, 0],
        scales: {
          x: { time: false, range: () => [state.a, state.b] },
          y: { range: (_, low, high) => this.limits(low, high) },
        },
        axes: [
          { ...axis, size: 0, splits: () => split().found, values: () => [] },
          { ...axis, ...y },
        ],
        series: [{}, ...names.map((_, i) => this.line(i))],
        hooks: { drawClear: [() => this.under()], draw: [() => this.over()] },
      }, this.isRows ? [[FIRST, LAST]] : this.nothing(), this.plot);
      for (const name of ["mark", "cursor"]) {
        this[`${name}Box`] = element("div", name, this.uplot.over);
        this[`${name}Box`].hidden = true;
      }
    }

    // Whether its values are whole numbers, which need no lines between them.
    isWhole() {
      const packs = this.series?.columns.map((one) => one.pack) ?? [];
      return packs.length > 0 && packs.every(({ form, gain }) => form !== "f64" && (gain * this.facts.factor) % 1 === 0);
    }

    line(i) {
      const colour = () => [
        this.drawn?.all ? colours.ink : colours.envelope, colours.line2, colours.line3,
      ][i % 3];
      const dots = this.facts.style === "dots";
      const size = dots ? 4 : 5;
      return {
        stroke: colour, width: 1, spanGaps: false,
        ...(dots ? { paths: () => null } : {}),
        points: {
          size, width: 0, fill: colour,
          show: () => dots || (this.drawn?.all && this.drawn.count * 8 < this.width),
          // A sample with a hole to either side has no line, and is a dot.
          filter: (u, k, all) => (all ? null : lone(u.data[k])),
        },
      };
    }

    nothing() {
      const n = this.series ? this.series.lines().length : 0;
      return [[state.a, state.b], ...Array.from({ length: n }, () => [null, null])];
    }

    // What of the values in view may be believed, unless all heights are wanted.
    limits(low, high) {
      if (this.isRows) return [-0.6, Math.max(this.facts.rows.length, 1) - 0.4];
      const known = this.facts.limits;
      let [least, most] = [low ?? known?.[0] ?? 0, high ?? known?.[1] ?? 1];
      if (!state.fit && known) {
        least = Math.max(least, known[0]);
        most = Math.min(most, known[1]);
        if (least > most) [least, most] = known;
      }
      const pack = this.series?.columns[0]?.pack;
      // Not less than a few counts: noise of the last digit is no signal.
      const half = Math.max((most - least) / 2, 2 * (pack?.gain ?? 0), 1e-9);
      const middle = (least + most) / 2;
      return [middle - 1.08 * half, middle + 1.08 * half];
    }

    draw() {
      const { uplot } = this;
      if (!uplot) return;
      uplot.batch(() => {
        if (!this.isRows) {
          const series = this.current(state.a, state.b);
          const room = Math.max(ROOM, 4 * this.width);
          this.drawn = series?.points(state.a, state.b, this.width, room);
          const empty = !this.drawn || !this.drawn.data[0].length;
          uplot.setData(empty ? this.nothing() : this.drawn.data, false);
        }
        uplot.setScale("x", { min: state.a, max: state.b });
      });
      this.tell();
    }

    tell() {
      const { drawn, facts } = this;
      let text = "";
      if (this.state === "waiting") text = "being read";
      else if (this.state === "failed") text = this.error;
      else if (!this.isRows && !this.series.times.n) text = "no samples";
      else if (drawn) {
        const series = this.current(state.a, state.b);
        if (series.every) text = `lowest and highest of each ${clock.length(series.every)}`;
        else if (!drawn.all) text = "lowest and highest of each pixel";
        else text = drawn.count === 1 ? "1 sample" : `${drawn.count} samples, each drawn`;
      } else if (this.isRows && !facts.rows.length) text = "no code or flag is set";
      this.how.textContent = text;
    }

    // Shades behind the lines: where nothing was measured, and what is in doubt.
    under() {
      const { ctx, bbox } = this.uplot;
      const { start, end, absent } = this.facts.spans;
      ctx.save();
      for (const wanted of [0, 1]) {
        ctx.fillStyle = wanted ? colours.absent : colours.doubtful;
        let reached = -Infinity;
        for (let i = 0; i < start.length; i++) {
          if (absent[i] !== wanted || end[i] < state.a || start[i] > state.b) continue;
          const left = Math.max(this.x(start[i]), bbox.left, reached);
          const right = Math.min(Math.max(this.x(end[i]), left + (reached > left - 1 ? 0 : 1)), bbox.left + bbox.width);
          if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
          reached = Math.max(reached, right);
        }
      }
      ctx.strokeStyle = colours.line2;
      ctx.setLineDash([4, 4]);
      for (const { tick } of FACTS.annotations) {
        if (tick < state.a || tick > state.b) continue;
        const x = Math.round(this.x(tick)) + 0.5;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
      ctx.restore();
    }

    x(tick) { return this.uplot.valToPos(tick, "x", true); }

    rows() {
      const { ctx } = this.uplot;
      ctx.fillStyle = colours.ink;
      this.facts.rows.forEach((row, at) => {
        const top = this.uplot.valToPos(at + 0.28, "y", true);
        const deep = this.uplot.valToPos(at - 0.28, "y", true) - top;
        row.start.forEach((start, i) => {
          const end = row.end[i];
          if (end < state.a || start > state.b) return;
          const left = this.x(Math.max(start, state.a));
          ctx.fillRect(left, top, Math.max(this.x(Math.min(end, state.b)) - left, 1), deep);
        });
      });
    }

    // Over the lines: beats or breaths, and where a line leaves the panel.
    over() {
      const { ctx, bbox } = this.uplot;
      const dpr = devicePixelRatio;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top - 4 * dpr, bbox.width, bbox.height + 8 * dpr);
      ctx.clip();
      if (this.marks) {
        const { ticks, why } = this.marks;
        const first = lower(ticks, state.a), last = lower(ticks, state.b);
        if ((last - first) * 4 * dpr < bbox.width) {
          for (let i = first; i < last; i++) {
            const bad = why.has(i);
            ctx.fillStyle = bad ? colours.bad : colours.faint;
            ctx.fillRect(this.x(ticks[i]) - dpr, bbox.top, 2 * dpr, (bad ? 9 : 6) * dpr);
          }
        }
      }
      if (this.isRows) this.rows();
      else if (this.drawn) this.beyond(ctx, bbox, dpr);
      ctx.restore();
    }

    beyond(ctx, bbox, dpr) {
      const { min, max } = this.uplot.scales.y;
      ctx.fillStyle = colours.bad;
      const [xs, ...ys] = this.drawn.data;
      for (const isHigh of [false, true]) {
        let reached = -Infinity;
        const edge = isHigh ? bbox.top : bbox.top + bbox.height;
        for (const y of ys) {
          for (let i = 0; i < xs.length; i++) {
            if (y[i] === null || !(isHigh ? y[i] > max : y[i] < min)) continue;
            const x = this.x(xs[i]);
            if (x < reached + 4 * dpr) continue;
            reached = x;
            const side = (isHigh ? 5 : -5) * dpr;
            ctx.beginPath();
            ctx.moveTo(x, edge);
            ctx.lineTo(x - 3 * dpr, edge + side);
            ctx.lineTo(x + 3 * dpr, edge + side);
            ctx.fill();
          }
        }
      }
    }

    // What the panel says at a tick: value, unit, and why it is in doubt.
    at(tick) {
      const { facts } = this;
      const reasons = new Set();
      const { start, end, why, reasons: names } = facts.spans;
      for (let i = 0; i < start.length; i++) {
        if (start[i] <= tick && tick < Math.max(end[i], start[i] + 1)) reasons.add(names[why[i]]);
      }
      let text = "";
      if (this.isRows) {
        const on = facts.rows.filter((row) => row.start.some((s, i) => s <= tick && tick < row.end[i]));
        text = on.map((row) => row.name).join(", ") || "none";
      } else if (this.series) {
        text = this.reading(tick);
      }
      const mark = this.markNear(tick);
      if (mark?.why) reasons.add(`${mark.label}: ${mark.why}`);
      return { text, note: mark && !mark.why ? mark.label : "", why: [...reasons].join(", ") };
    }

    reading(tick) {
      const series = this.current(tick, tick);
      const i = series.nearest(tick);
      if (!series.standsFor(i, tick)) return "no sample";
      const unit = this.facts.unit ? ` ${this.facts.unit}` : "";
      const values = series.columns.map((column) => {
        const value = column.value(i);
        return value === null ? "missing" : this.number(value, column.pack);
      });
      if (series.every) return `${values.join(" to ")}${unit}`;
      if (values.length === 1) return `${values[0]}${unit}`;
      return `${series.columns.map((one, k) => `${one.pack.label} ${values[k]}`).join(", ")}${unit}`;
    }

    // As many digits as the recorder's step has.
    number(value, pack) {
      const step = Math.abs(pack.gain * this.facts.factor);
      const digits = step % 1 === 0 && pack.form !== "f64" ? 0 : Math.min(6, Math.max(1, Math.ceil(-Math.log10(step)) + 1));
      return (value * this.facts.factor).toFixed(digits);
    }

    markNear(tick) {
      if (!this.marks) return null;
      const { ticks, why, label } = this.marks;
      const near = ((state.b - state.a) / this.width) * 4;
      let i = lower(ticks, tick);
      if (i > 0 && (i === ticks.length || tick - ticks[i - 1] < ticks[i] - tick)) i--;
      return Math.abs(ticks[i] - tick) <= near ? { label, why: why.get(i) ?? "" } : null;
    }
  }

  const panels = FACTS.panels.map((facts) => new Panel(facts));
  const shown = () => panels.filter((one) => one.facts.shown);

  function lone(values) {
    const found = [];
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null) found.push(i);
    }
    return found.length ? found : null;
  }

  // A number of an axis, in the unit that people read.
  function plain(value) { return String(+value.toPrecision(6)); }

  function fitted(text) {
    const most = Math.floor((gutter - 8) / 6.2);
    return text.length > most ? `${text.slice(0, most - 1)}…` : text;
  }

  const split = () => clock.splits(state.a, state.b, Math.max(2, Math.floor((innerWidth - gutter) / 110)));

  // -- drawing -------------------------------------------------------------------------

  function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "faint", "grid", "edge", "absent", "doubtful", "line2", "line3", "envelope", "bad", "range", "paper"]) {
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  function layOut(width = document.body.clientWidth - (innerWidth <= 600 ? 12 : 24)) {
    gutter = innerWidth <= 600 ? 52 : 84;
    // The time axis is as wide as the panels, on paper too.
    $("time").style.width = `${width}px`;
    const wanted = shown().reduce((sum, one) => sum + one.height() + 20, 0);
    const room = innerHeight - $("panels").offsetTop - 70;
    const scale = Math.min(2.4, Math.max(1, room / Math.max(wanted, 1)));
    for (const one of panels) {
      one.section.hidden = !one.facts.shown;
      if (one.facts.shown) one.make(width, Math.round(one.height() * (one.isRows ? 1 : scale)));
      else { one.uplot?.destroy(); one.uplot = null; one.plot.replaceChildren(); }
    }
    drawNow();
  }

  function drawNow() {
    pending = false;
    for (const one of shown()) one.draw();
    drawAxis();
    drawOverview();
    showCursor();
    showSpan();
    askServer();
  }

  function draw() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(drawNow);
  }

  function canvas(id, height) {
    const one = $(id), dpr = devicePixelRatio, width = one.clientWidth;
    one.style.height = `${height}px`;
    if (one.width !== Math.round(width * dpr) || one.height !== Math.round(height * dpr)) {
      one.width = Math.round(width * dpr);
      one.height = Math.round(height * dpr);
    }
    const ctx = one.getContext("2d");
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = "11px system-ui, sans-serif";
    return { ctx, left: gutter, width: width - gutter - 8 };
  }

  const lanes = (() => {
    const free = [];
    return FACTS.ranges.map(({ start, end }) => {
      let lane = free.findIndex((until) => until <= start);
      if (lane < 0) lane = free.length;
      free[lane] = end;
      return lane;
    });
  })();

  // A text as far as there is room for it; nothing where three letters have none.
  function shortened(ctx, text, room) {
    if (ctx.measureText(text).width <= room) return text;
    const letters = Math.floor(room / (ctx.measureText("n".repeat(20)).width / 20)) - 1;
    return letters < 3 ? "" : `${text.slice(0, letters)}…`;
  }

  // Activities, annotations, wear and the times of the window.
  function drawAxis() {
    const deep = Math.min(Math.max(-1, ...lanes) + 1, 3);
    const notes = FACTS.annotations.length ? 14 : 0;
    const { ctx, left, width } = canvas("axis", 40 + 16 * deep + notes);
    const x = (tick) => left + ((tick - state.a) / (state.b - state.a)) * width;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, 0, width + 8, 200);
    ctx.clip();
    ctx.textBaseline = "middle";
    FACTS.ranges.forEach(({ name, start, end }, i) => {
      if (end < state.a || start > state.b || lanes[i] >= deep) return;
      const from = Math.max(x(start), left), to = Math.min(x(end), left + width);
      const top = 16 * lanes[i];
      ctx.fillStyle = colours.range;
      ctx.fillRect(from, top, Math.max(to - from, 1), 15);
      ctx.fillStyle = colours.ink;
      ctx.fillText(shortened(ctx, name, to - from - 8), from + 4, top + 8);
    });
    let free = -Infinity;
    for (const { tick, text } of FACTS.annotations) {
      if (tick < state.a || tick > state.b) continue;
      const at = x(tick), top = 16 * deep;
      ctx.fillStyle = colours.line2;
      ctx.beginPath();
      ctx.moveTo(at, top + 12);
      ctx.lineTo(at - 4, top + 3);
      ctx.lineTo(at + 4, top + 3);
      ctx.fill();
      if (at < free) continue;
      ctx.fillText(text, at + 7, top + 7);
      free = at + ctx.measureText(text).width + 16;
    }
    ctx.restore();
    const line = 16 * deep + notes + 4;
    ctx.fillStyle = colours.edge;
    ctx.fillRect(left, line, width, 1);
    drawWear(ctx, x, line - 2, 4, left, width);
    const { step, found } = split();
    ctx.fillStyle = colours.faint;
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    const labels = clock.labels(found, step);
    let written = -Infinity;
    found.forEach((tick, i) => {
      ctx.fillRect(x(tick), line, 1, 5);
      const [time, day = ""] = labels[i].split("\n");
      const half = ctx.measureText(day || time).width / 2;
      const at = Math.min(Math.max(x(tick), half), left + width + 8 - half);
      if (at - half < written + 4) return;
      written = at + half;
      ctx.fillText(time, at, line + 7);
      if (day) ctx.fillText(day, at, line + 20);
    });
    ctx.textAlign = "left";
  }

  function drawWear(ctx, x, top, deep, left, width) {
    for (const [name, colour] of [["unknown", colours.edge], ["not worn", colours.bad]]) {
      ctx.fillStyle = colour;
      for (const [first, last] of FACTS.wear[name]) {
        const from = Math.max(x(first), left), to = Math.min(x(last), left + width);
        if (to > left && from < left + width) ctx.fillRect(from, top, Math.max(to - from, 1), deep);
      }
    }
  }

  // The whole record: the first rate, wear, and the window.
  let strip = null;
  function drawOverview() {
    const { ctx, left, width } = canvas("overview", 44);
    const x = (tick) => left + ((tick - FIRST) / (LAST - FIRST)) * width;
    const panel = panels.find((one) => !one.facts.tall && one.facts.style === "line" && one.series?.times.n);
    if (panel) {
      if (strip?.width !== width || strip.panel !== panel) {
        strip = { width, panel, points: panel.series.points(FIRST, LAST, Math.max(50, Math.floor(width)), 4 * width) };
      }
      const [xs, ys] = strip.points.data;
      const [low, high] = panel.facts.limits ?? [0, 1];
      ctx.strokeStyle = colours.envelope;
      ctx.beginPath();
      let down = false;
      xs.forEach((tick, i) => {
        if (ys[i] === null) { down = false; return; }
        const y = 36 - Math.min(1, Math.max(0, (ys[i] - low) / (high - low))) * 32;
        if (down) ctx.lineTo(x(tick), y); else ctx.moveTo(x(tick), y);
        down = true;
      });
      ctx.stroke();
      ctx.fillStyle = colours.faint;
      ctx.textAlign = "right";
      if (ctx.measureText(panel.facts.label).width < left - 6) ctx.fillText(panel.facts.label, left - 6, 24);
      ctx.textAlign = "left";
    }
    drawWear(ctx, x, 40, 4, left, width);
    ctx.fillStyle = colours.line2;
    for (const { tick } of FACTS.annotations) ctx.fillRect(x(tick), 0, 1, 44);
    ctx.strokeStyle = colours.line2;
    ctx.lineWidth = 2;
    const from = x(state.a), to = Math.max(x(state.b), from + 3);
    ctx.fillStyle = `color-mix(in srgb, ${colours.line2} 14%, transparent)`;
    ctx.fillRect(from, 1, to - from, 42);
    ctx.strokeRect(from, 1, to - from, 42);
    ctx.lineWidth = 1;
  }

  // -- cursor and span -----------------------------------------------------------------

  function showCursor() {
    const tick = state.cursor;
    for (const one of shown()) {
      if (!one.uplot) continue;
      const inside = tick !== null && tick >= state.a && tick <= state.b;
      one.cursorBox.hidden = !inside;
      if (inside) one.cursorBox.style.transform = `translateX(${one.uplot.valToPos(tick, "x")}px)`;
      const { text, note, why } = inside ? one.at(tick) : { text: "", note: "", why: "" };
      one.value.textContent = text;
      one.note.textContent = note;
      one.why.textContent = one.why.title = why;
      one.markBox.hidden = !state.mark;
      if (state.mark) {
        const [from, to] = state.mark.map((at) => one.uplot.valToPos(Math.min(Math.max(at, state.a), state.b), "x"));
        one.markBox.style.left = `${from}px`;
        one.markBox.style.width = `${Math.max(to - from, 1)}px`;
      }
    }
    $("cursor").textContent = tick === null ? "\u00a0" : told(tick);
  }

  function told(tick) {
    return `${clock.local(tick)} (${FACTS.tz}) · tick ${FACTS.origin + tick} · ${clock.length(tick)} behind the start`;
  }

  function setCursor(tick, spoken = false) {
    state.cursor = tick === null ? null : Math.min(Math.max(Math.round(tick), FIRST), LAST);
    if (tick !== null && spoken) {
      if (state.cursor < state.a || state.cursor > state.b) centre(state.cursor);
      const panel = active();
      const { text, note, why } = panel?.at(state.cursor) ?? {};
      say([told(state.cursor), panel?.facts.label, text, note, why].filter(Boolean).join(", "));
    }
    showCursor();
  }

  const active = () => (state.active?.facts.shown ? state.active : shown()[0]);

  // The span that is marked, else what is in view: from one tick up to another.
  function span() {
    const [a, b] = state.mark ?? [state.a, state.b];
    return [Math.ceil(a), Math.max(Math.ceil(b), Math.ceil(a) + 1)];
  }

  function showSpan() {
    const [a, b] = span();
    $("selected").textContent = `${state.mark ? "Marked" : "In view"}: ${clock.local(a)}, ${clock.length(b - a)}`;
    $("line").value = `record.between("${clock.exact(a)}", "${clock.exact(b)}")`;
  }

  async function copy() {
    const line = $("line");
    try {
      await navigator.clipboard.writeText(line.value);
    } catch {
      // A page in a frame may not be allowed to: the older way asks nobody.
      line.select();
      document.execCommand("copy");
    }
    say(`copied: ${line.value}`);
  }

  function say(text) { $("said").textContent = text; }

  // -- the window ----------------------------------------------------------------------

  function go(a, b) {
    const length = Math.min(Math.max(b - a, SHORTEST), LAST - FIRST);
    const from = Math.min(Math.max(a, FIRST), LAST - length);
    // Whole ticks, so that what is in view is what the copied line selects.
    state.a = Math.round(from);
    state.b = Math.max(Math.round(from + length), state.a + 1);
    $("length").value = "";
    draw();
  }

  function zoom(factor, at = (state.a + state.b) / 2) {
    go(at - (at - state.a) * factor, at + (state.b - at) * factor);
  }

  function pan(part) {
    const by = (state.b - state.a) * part;
    go(state.a + by, state.b + by);
  }

  function centre(tick) {
    const half = (state.b - state.a) / 2;
    go(tick - half, tick + half);
  }

  const marks = [
    ...FACTS.annotations.map(({ tick, text }) => [tick, text]),
    ...FACTS.ranges.flatMap(({ name, start, end }) => [[start, `${name} begins`], [end, `${name} ends`]]),
    ...FACTS.wear["not worn"].flatMap(([a, b]) => [[a, "shirt off"], [b, "shirt on, or the end"]]),
  ].filter(([tick]) => tick >= FIRST && tick <= LAST).sort((one, other) => one[0] - other[0]);

  function toMark(way) {
    const from = state.cursor ?? (way > 0 ? FIRST - 1 : LAST + 1);
    const found = way > 0 ? marks.find(([tick]) => tick > from) : marks.findLast(([tick]) => tick < from);
    if (!found) { say(marks.length ? "there is no further mark" : "the record has no mark"); return; }
    if (found[0] < state.a || found[0] > state.b) centre(found[0]);
    setCursor(found[0], true);
    say(`${found[1]}: ${told(found[0])}`);
  }

  function toBeat(way) {
    const panel = [active(), ...shown()].find((one) => one?.marks?.ticks.length);
    if (!panel) { say("no panel has beats or breaths"); return; }
    const { ticks } = panel.marks;
    const from = state.cursor ?? state.a;
    const i = way > 0 ? upper(ticks, from) : lower(ticks, from) - 1;
    if (i >= 0 && i < ticks.length) setCursor(ticks[i], true);
  }

  // To the sample before or behind the cursor, of the active panel.
  function toSample(way) {
    const panel = active();
    const series = panel?.current(state.a, state.b) ?? null;
    if (!series?.times.n) { setCursor((state.cursor ?? state.a) + way, true); return; }
    const { times } = series;
    const tick = state.cursor ?? state.a;
    const row = times.row(tick);
    const next = way < 0 ? row - 1 : row < times.n && times.at(row) === tick ? row + 1 : row;
    if (next >= 0 && next < times.n) setCursor(times.at(next), true);
  }

  // -- mouse and touch -----------------------------------------------------------------

  const pointers = new Map();

  function tickAt(event) {
    const panel = shown().find((one) => one.uplot);
    const box = panel.uplot.over.getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    return state.a + Math.min(Math.max(part, 0), 1) * (state.b - state.a);
  }

  const overPlot = (event) => event.target.closest?.(".u-over");

  function onMove(event) {
    if (pointers.has(event.pointerId)) {
      const before = pointers.get(event.pointerId);
      pointers.set(event.pointerId, event);
      if (event.pointerType === "touch") { onTouch(before, event); return; }
      state.mark = [state.drag.tick, tickAt(event)].sort((one, other) => one - other);
      state.drag.moved ||= Math.abs(event.clientX - state.drag.x) > 3;
      showSpan();
    }
    if (overPlot(event)) setCursor(tickAt(event));
  }

  function onTouch(before, event) {
    const per = (state.b - state.a) / shown()[0].width;
    if (pointers.size === 1) {
      const by = (before.clientX - event.clientX) * per;
      go(state.a + by, state.b + by);
      return;
    }
    const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
    const was = Math.max(20, Math.abs(before.clientX - other.clientX));
    const now = Math.max(20, Math.abs(event.clientX - other.clientX));
    zoom(was / now, tickAt(other));
  }

  function onDown(event) {
    if (!overPlot(event) || event.button !== 0) return;
    pointers.set(event.pointerId, event);
    if (event.pointerType === "touch") { setCursor(tickAt(event)); return; }
    overPlot(event).setPointerCapture(event.pointerId);
    state.drag = { tick: tickAt(event), x: event.clientX, before: state.mark, moved: false };
  }

  function onUp(event) {
    if (!pointers.delete(event.pointerId) || !state.drag) return;
    const { before, moved } = state.drag;
    state.drag = null;
    if (!moved) state.mark = before;
    else if (!event.shiftKey) {
      const [a, b] = state.mark;
      state.mark = before;
      go(a, b);
    } else state.mark = [Math.floor(state.mark[0]), Math.ceil(state.mark[1])];
    draw();
  }

  function onWheel(event) {
    if (!overPlot(event)) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : 1;
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways) pan(((event.deltaX || event.deltaY) * unit) / 1000);
    else zoom(Math.exp(event.deltaY * unit * 0.0018), tickAt(event));
  }

  function onStrip(event) {
    if (event.type === "pointerdown") $("overview").setPointerCapture(event.pointerId);
    else if (!event.buttons) return;
    const box = $("overview").getBoundingClientRect();
    const part = (event.clientX - box.left - gutter) / (box.width - gutter - 8);
    centre(FIRST + Math.min(Math.max(part, 0), 1) * (LAST - FIRST));
  }

  // -- keys ----------------------------------------------------------------------------

  const markAt = (side) => {
    const tick = state.cursor ?? Math.round((state.a + state.b) / 2);
    const mark = state.mark ?? [state.a, state.b];
    state.mark = side ? [Math.min(mark[0], tick), tick] : [tick, Math.max(mark[1], tick)];
    showCursor();
    showSpan();
    say($("selected").textContent);
  };

  const KEYS = [
    [["ArrowLeft"], "\u2190", "back by a quarter of the window", () => pan(-0.25)],
    [["ArrowRight"], "\u2192", "on by a quarter of the window", () => pan(0.25)],
    [["+", "="], "+", "zoom in, at the cursor", () => zoom(0.5, state.cursor ?? undefined)],
    [["-"], "-", "zoom out", () => zoom(2, state.cursor ?? undefined)],
    [["0"], "0", "the whole record", () => go(FIRST, LAST)],
    [["Home"], "Home", "to the start", () => go(FIRST, FIRST + state.b - state.a)],
    [["End"], "End", "to the end", () => go(LAST - (state.b - state.a), LAST)],
    [[","], ",", "cursor to the sample before", () => toSample(-1)],
    [["."], ".", "cursor to the next sample", () => toSample(1)],
    [["b"], "b", "cursor to the next beat or breath", () => toBeat(1)],
    [["B"], "Shift b", "cursor to the one before", () => toBeat(-1)],
    [["n"], "n", "to the next mark: annotation, activity, shirt off", () => toMark(1)],
    [["p"], "p", "to the mark before", () => toMark(-1)],
    [["g"], "g", "type where to go", () => $("moment").focus()],
    [["s"], "s", "the marked span starts at the cursor", () => markAt(0)],
    [["e"], "e", "the marked span ends at the cursor", () => markAt(1)],
    [["z"], "z", "zoom to the marked span", () => state.mark && go(...state.mark)],
    [["Escape"], "Esc", "nothing is marked", () => { state.mark = null; state.drag = null; draw(); }],
    [["c"], "c", "copy the span as a line of Python", copy],
    [["y"], "y", "all heights, or those that may be believed", toggleHeights],
    [["?"], "?", "this list", () => { $("help").open = !$("help").open; }],
  ];

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=checkbox]):not([readonly]), select")) return;
    const found = KEYS.find(([keys]) => keys.includes(event.key));
    if (!found) return;
    event.preventDefault();
    found[3]();
  }

  function toggleHeights() {
    state.fit = !state.fit;
    $("heights").setAttribute("aria-pressed", String(state.fit));
    draw();
  }

  function onGo(event) {
    event.preventDefault();
    const tick = clock.parsed($("moment").value, LAST);
    if (tick === null || tick < FIRST || tick > LAST) {
      say(`${$("moment").value}: give a time of the record, such as ${clock.text(0, { digits: 0 }).replace("T", " ")}, a length behind its start, such as 90s, or a tick`);
      return;
    }
    centre(tick);
    setCursor(tick, true);
  }

  // -- the page ------------------------------------------------------------------------

  function fill() {
    $("title").textContent = FACTS.title;
    $("span").textContent = `${FACTS.family}, ${clock.local(0)}, ${clock.length(FACTS.length)}; times in ${FACTS.tz}; hexoframe ${FACTS.version}`;
    const lengths = [[10, "10 s"], [30, "30 s"], [60, "1 min"], [300, "5 min"], [1800, "30 min"], [7200, "2 h"], [28800, "8 h"]];
    const select = $("length");
    select.append(new Option("…", ""));
    for (const [seconds, text] of lengths) {
      if (seconds * FACTS.clock < LAST - FIRST) select.append(new Option(text, String(seconds)));
    }
    for (const one of panels) {
      const label = element("label", "", $("boxes"));
      const box = element("input", "", label);
      box.type = "checkbox";
      box.checked = one.facts.shown;
      label.append(` ${one.facts.label}${one.facts.unit ? ` (${one.facts.unit})` : ""}`);
      box.addEventListener("change", () => { one.facts.shown = box.checked; layOut(); });
      $("panels").append(one.section);
    }
    for (const [, key, text] of KEYS) {
      const row = element("tr", "", document.querySelector("#keys tbody"));
      element("kbd", "", element("td", "", row), key);
      element("td", "", row, text);
    }
    for (const text of ["wheel or pinch: zoom", "drag: zoom to the span", "Shift and drag: mark a span", "Shift and wheel: move", "wheel beside the panels: scroll"]) {
      const row = element("tr", "", document.querySelector("#keys tbody"));
      element("td", "", row, "mouse");
      element("td", "", row, text);
    }
    const reduced = panels.filter((one) => one.facts.every);
    if (reduced.length) {
      const notice = $("notice");
      notice.hidden = false;
      const names = reduced.map((one) => `${one.facts.label} (each ${clock.length(one.facts.every)})`);
      const held = `only the lowest and the highest sample of short spans: ${names.join(", ")}`;
      notice.textContent = FACTS.served
        ? `Of some channels this page holds ${held}. Zoom in, and every sample comes from hexoframe on this machine.`
        : `Of some channels this page holds ${held}. All of them would be too large: for every sample, run hexoframe explore on the record, or give start= and end= of a part.`;
    }
  }

  function listen() {
    const clicks = {
      back: () => pan(-0.25), on: () => pan(0.25), in: () => zoom(0.5, state.cursor ?? undefined),
      out: () => zoom(2, state.cursor ?? undefined), whole: () => go(FIRST, LAST),
      previous: () => toMark(-1), next: () => toMark(1), heights: toggleHeights, copy,
    };
    for (const [id, work] of Object.entries(clicks)) $(id).addEventListener("click", work);
    $("goto").addEventListener("submit", onGo);
    $("length").addEventListener("change", ({ target }) => {
      const middle = state.cursor ?? (state.a + state.b) / 2, chosen = target.value;
      if (!chosen) return;
      const half = (Number(chosen) * FACTS.clock) / 2;
      go(Math.round(middle - half), Math.round(middle - half) + 2 * half);
      target.value = chosen;
    });
    const box = $("panels");
    box.addEventListener("pointermove", onMove);
    box.addEventListener("pointerdown", onDown);
    box.addEventListener("pointerup", onUp);
    box.addEventListener("pointercancel", onUp);
    box.addEventListener("dblclick", (event) => overPlot(event) && go(FIRST, LAST));
    box.addEventListener("wheel", onWheel, { passive: false });
    $("overview").addEventListener("pointerdown", onStrip);
    $("overview").addEventListener("pointermove", onStrip);
    document.addEventListener("keydown", onKey);
    addEventListener("resize", () => layOut());
    addEventListener("beforeprint", () => layOut(PAPER));
    addEventListener("afterprint", () => layOut());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); layOut(); });
  }

  // -- samples -------------------------------------------------------------------------

  // Columns are unpacked by two workers, or here where no worker may start.
  const unpack = (() => {
    const waiting = new Map();
    let workers = [], job = 0;
    try {
      const text = new Blob([$("decode").textContent], { type: "text/javascript" });
      const address = URL.createObjectURL(text);
      workers = [new Worker(address), new Worker(address)];
    } catch {
      workers = [];
    }
    const here = (each) => Decode.column(each.pack, each.text).then(each.done, each.failed);
    for (const worker of workers) {
      worker.onmessage = ({ data }) => {
        const each = waiting.get(data.job);
        waiting.delete(data.job);
        if (data.error) each.failed(new Error(data.error)); else each.done(data.found);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        workers = [];
        const left = [...waiting.values()];
        waiting.clear();
        left.forEach(here);
      };
    }
    return (pack) => new Promise((done, failed) => {
      const text = pack.data.startsWith("#") ? $(pack.data.slice(1)).textContent : pack.data;
      const each = { pack, text, done, failed };
      if (!workers.length) { here(each); return; }
      waiting.set(++job, each);
      workers[job % workers.length].postMessage({ job, pack, text });
    });
  })();

  async function seriesOf(facts, { times, columns }) {
    const found = await Promise.all(columns.map(unpack));
    const made = columns.map((pack, i) => new Column(pack, found[i]));
    let when;
    if (times.runs) when = new Runs(times);
    else {
      const { values } = await unpack(times.ticks);
      when = new Stamps(Float64Array.from(values, (tick) => tick + times.ticks.base));
    }
    return new Series({ ...facts, dots: facts.style === "dots" }, when, made);
  }

  async function read(panel) {
    if (!panel.isRows) {
      try {
        panel.series = await seriesOf(panel.facts, panel.facts);
      } catch (error) {
        panel.state = "failed";
        panel.error = String(error);
        panel.tell();
        say(`${panel.facts.label}: ${error}`);
        return;
      }
    }
    panel.state = "read";
    if (panel.facts.shown) layOut();
  }

  async function readAll() {
    const size = (one) => (one.facts.columns ?? []).reduce((sum, { n }) => sum + n, 0);
    const order = [...panels].sort((one, other) => other.facts.shown - one.facts.shown || size(one) - size(other));
    // Those that are shown, the small ones first; the others when these are there.
    await Promise.all(order.filter((one) => one.facts.shown).map(read));
    for (const one of order.filter((each) => !each.facts.shown)) await read(one);
  }

  let timer = 0;
  function askServer() {
    if (!FACTS.served) return;
    clearTimeout(timer);
    timer = setTimeout(() => shown().forEach(ask), 120);
  }

  async function ask(panel) {
    const { facts, detail } = panel;
    const { a, b } = state;
    if (!facts.every || (b - a) / facts.step > MOST_ASKED) return;
    if (detail && detail.first <= a && b <= detail.last) return;
    const first = Math.max(FIRST, Math.floor(a - (b - a))), last = Math.min(LAST, Math.ceil(b + (b - a)));
    try {
      const answer = await fetch(`samples?key=${encodeURIComponent(facts.key)}&first=${first}&last=${last}`);
      if (!answer.ok) throw new Error(await answer.text());
      const series = await seriesOf({ ...facts, every: 0 }, await answer.json());
      panel.detail = { first, last, series };
    } catch (error) {
      say(`${facts.label}: hexoframe on this machine does not answer (${error.message}); is it still running?`);
      return;
    }
    draw();
  }

  readColours();
  fill();
  listen();
  layOut();
  const ready = readAll();

  // For tests, and for whoever opens the console.
  globalThis.hexoframe = {
    facts: FACTS, state, go, ready, panels, clock,
    panel: (key) => panels.find((one) => one.facts.key === key),
    drawNow,
  };
})();
