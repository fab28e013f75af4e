"use strict";
// The samples of a panel: when each was taken, its value, and what is drawn of them.
// Ticks are whole numbers behind the start of the view; no sample is ever moved.

// When samples were taken: runs of equal steps.
class Runs {
  constructor({ step, runs }) {
    this.step = step;
    this.starts = [];
    this.firsts = [0];
    for (let i = 0; i < runs.length; i += 2) {
      this.starts.push(runs[i]);
      this.firsts.push(this.firsts[i / 2] + runs[i + 1]);
    }
    this.n = this.firsts.at(-1);
  }

  at(i) {
    const run = upper(this.firsts, i) - 1;
    return this.starts[run] + (i - this.firsts[run]) * this.step;
  }

  // The first sample that is not before a tick.
  row(tick) {
    const run = upper(this.starts, tick) - 1;
    if (run < 0) return 0;
    const steps = Math.ceil((tick - this.starts[run]) / this.step);
    return Math.min(this.firsts[run] + steps, this.firsts[run + 1]);
  }
}

// When samples were taken: a tick for each.
class Stamps {
  constructor(ticks) {
    this.ticks = ticks;
    this.n = ticks.length;
  }

  at(i) { return this.ticks[i]; }
  row(tick) { return lower(this.ticks, tick); }
}

// How many of some ascending numbers are less than x, and how many are at most x.
function lower(numbers, x) {
  let low = 0, high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle] < x) low = middle + 1; else high = middle;
  }
  return low;
}

function upper(numbers, x) {
  let low = 0, high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle] <= x) low = middle + 1; else high = middle;
  }
  return low;
}

// One column: numbers, and what makes values of the frames of them.
class Column {
  constructor(pack, { values, low, high }) {
    Object.assign(this, { pack, values, low, high });
    this.isMeasured = Decode.measured(pack);
    this.missing = { u16: 0xffff, u32: 0xffffffff }[pack.form];
  }

  // The value as the frame has it; null where the frame has none.
  value(i) {
    const x = this.values[i];
    return x === this.missing || x !== x ? null : this.scaled(x);
  }

  // The value where it is a measurement, else null: a hole.
  drawn(i) {
    const x = this.values[i];
    return this.isMeasured(x) ? this.scaled(x) : null;
  }

  scaled(x) {
    const { base, gain, offset, single } = this.pack;
    const value = (x + base) * gain + offset;
    return single ? Math.fround(value) : value;
  }

  // Lowest and highest measurement of some rows; null without any.
  range(first, last) {
    let least = Infinity, most = -Infinity;
    const look = (from, to) => {
      for (let i = from; i < to; i++) {
        const x = this.values[i];
        if (!this.isMeasured(x)) continue;
        if (x < least) least = x;
        if (x > most) most = x;
      }
    };
    const from = Math.ceil(first / Decode.BLOCK), to = Math.floor(last / Decode.BLOCK);
    if (from >= to) {
      look(first, last);
    } else {
      look(first, from * Decode.BLOCK);
      for (let b = from; b < to; b++) {
        // False for a block without any.
        if (this.low[b] < least) least = this.low[b];
        if (this.high[b] > most) most = this.high[b];
      }
      look(to * Decode.BLOCK, last);
    }
    return least > most ? null : [this.scaled(least), this.scaled(most)];
  }
}

// The samples of a panel. `every` is not 0 where each two columns are the lowest and the
// highest of so many ticks.
class Series {
  constructor({ step, every = 0, dots = false }, times, columns) {
    Object.assign(this, { times, columns, every, dots });
    this.longest = 1.5 * (every || step);
  }

  count(a, b) { return this.times.row(b) - this.times.row(a); }

  // The sample nearest to a tick; -1 without any.
  nearest(tick) {
    const i = this.times.row(tick);
    if (i === 0) return this.times.n ? 0 : -1;
    if (i === this.times.n) return i - 1;
    return tick - this.times.at(i - 1) <= this.times.at(i) - tick ? i - 1 : i;
  }

  // Whether a sample stands for a tick: between holes it does not.
  standsFor(i, tick) {
    return i >= 0 && (!this.longest || Math.abs(this.times.at(i) - tick) <= this.longest);
  }

  // Points from tick a to tick b on so many pixels, as uPlot takes them: every sample
  // where there is room, else lowest and highest of each pixel column. Where nothing was
  // measured there is a null, which no line crosses.
  points(a, b, width, room) {
    const first = this.times.row(a), last = this.times.row(b);
    const all = last - first <= room;
    const data = [[], ...this.lines().map(() => [])];
    if (all) this.each(data, Math.max(0, first - 1), Math.min(this.times.n, last + 1));
    else this.extremes(data, a, b, width);
    return { data, all: all && !this.every, count: last - first };
  }

  lines() {
    return this.every ? this.columns.filter((_, i) => i % 2 === 0) : this.columns;
  }

  each(data, first, last) {
    const [xs, ...ys] = data;
    let before = -Infinity;
    for (let i = first; i < last; i++) {
      const tick = this.times.at(i);
      if (i > first && this.longest && tick - before > this.longest) {
        xs.push((tick + before) / 2);
        for (const y of ys) y.push(null);
      }
      before = tick;
      xs.push(tick);
      if (!this.every) {
        ys.forEach((y, k) => y.push(this.columns[k].drawn(i)));
        continue;
      }
      xs.push(tick + this.every / 2);
      ys.forEach((y, k) => {
        y.push(this.columns[2 * k].drawn(i), this.columns[2 * k + 1].drawn(i));
      });
    }
  }

  extremes(data, a, b, width) {
    const [xs, ...ys] = data;
    const pixel = (b - a) / width;
    let from = this.times.row(a);
    for (let k = 0; k < width; k++) {
      const left = a + k * pixel;
      const to = this.times.row(left + pixel);
      xs.push(left + pixel / 4, left + (3 * pixel) / 4);
      ys.forEach((y, at) => {
        const range = to > from ? this.range(at, from, to) : null;
        if (range === null) y.push(null, null); else y.push(range[0], range[1]);
      });
      from = to;
    }
  }

  range(line, first, last) {
    if (!this.every) return this.columns[line].range(first, last);
    const low = this.columns[2 * line].range(first, last);
    const high = this.columns[2 * line + 1].range(first, last);
    return low && high ? [low[0], high[1]] : null;
  }
}
