"use strict";
// Ticks as text: time in the zone of the record, in UTC, and lengths. Whole numbers, so
// that no stamp is rounded; the offsets of the zone come from the record.
class Clock {
  constructor({ clock, origin, offsets, tz }) {
    Object.assign(this, { clock, origin, offsets, tz });
    this.digits = clock === 256 ? 8 : 3;
  }

  // Offset from UTC in s at a tick.
  offset(tick) {
    let found = this.offsets[0][1];
    for (const [begin, seconds] of this.offsets) if (begin <= tick) found = seconds;
    return found;
  }

  // Whole seconds since 1970 and the fraction, in ticks, of a whole tick.
  parts(tick) {
    const whole = this.origin + tick;
    const second = Math.floor(whole / this.clock);
    return { second, rest: whole - second * this.clock };
  }

  // The fraction of a second with so many digits, cut; all digits are exact.
  fraction(rest, digits) {
    if (!digits) return "";
    const exact = String(Math.round((rest / this.clock) * 1e8)).padStart(8, "0");
    return `.${exact.slice(0, digits)}`;
  }

  text(tick, { zone = true, digits = 3 } = {}) {
    const { second, rest } = this.parts(tick);
    const moment = new Date((second + (zone ? this.offset(tick) : 0)) * 1000);
    return moment.toISOString().slice(0, 19) + this.fraction(rest, digits);
  }

  // Date and time in the zone, with the offset.
  local(tick) {
    return `${this.text(tick).replace("T", " ")} ${this.sign(tick)}`;
  }

  sign(tick) {
    const seconds = this.offset(tick);
    const minutes = Math.abs(Math.round(seconds / 60));
    const two = (n) => String(n).padStart(2, "0");
    return `${seconds < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  }

  // As record.between takes it: UTC, to the tick.
  exact(tick) {
    const text = this.text(tick, { zone: false, digits: this.digits });
    return `${text.replace(/\.?0+$/, "")}Z`;
  }

  length(ticks) {
    const seconds = ticks / this.clock;
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 120) return `${+seconds.toFixed(3)} s`;
    const s = Math.round(seconds);
    const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    let left = s;
    const told = [];
    for (const [size, name] of parts) {
      if (left >= size) told.push(`${Math.floor(left / size)} ${name}`);
      left %= size;
    }
    return told.slice(0, 2).join(" ");
  }

  // What a user typed as a moment: a tick of the record, a length behind its start
  // (90s, 5min, 1.5h), or a time in the zone of the record; null if it is none.
  parsed(text, length) {
    const plain = text.trim();
    if (/^\d{11,}$/.test(plain)) return Number(plain) - this.origin;
    const behind = /^\+?(\d+(?:\.\d+)?)\s*(s|min|h)$/.exec(plain);
    if (behind) {
      const seconds = Number(behind[1]) * { s: 1, min: 60, h: 3600 }[behind[2]];
      return Math.round(seconds * this.clock);
    }
    const wall = /^(?:(\d{4}-\d\d-\d\d)[ T])?(\d\d?):(\d\d)(?::(\d\d)(\.\d+)?)?$/.exec(plain);
    if (!wall) return null;
    const [, date, hour, minute, second = "0", fraction = "0"] = wall;
    const time = (Number(hour) * 60 + Number(minute)) * 60 + Number(second) + Number(fraction);
    const day = Date.parse(`${date ?? this.text(0).slice(0, 10)}T00:00:00Z`) / 1000;
    // A time without its date is the first one in the record.
    for (const local of date ? [day + time] : [day + time, day + time + 86400]) {
      const guess = this.ofLocal(local);
      if (date || (guess >= 0 && guess < length)) return guess;
    }
    return null;
  }

  // The tick of local seconds since 1970.
  ofLocal(local) {
    const tick = (offset) => Math.round((local - offset) * this.clock) - this.origin;
    const guess = tick(this.offsets[0][1]);
    return tick(this.offset(tick(this.offset(guess))));
  }

  // Where a time axis has its lines: whole steps of local time.
  splits(a, b, most) {
    const steps = [
      0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120,
      300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800,
    ];
    const seconds = (b - a) / this.clock;
    const step = steps.find((one) => seconds / one <= most) ?? steps.at(-1);
    const offset = this.offset(a);
    const begin = (this.origin + a) / this.clock + offset;
    const found = [];
    for (let k = Math.ceil(begin / step - 1e-6); found.length <= 2 * most; k++) {
      let tick = (k * step - offset) * this.clock - this.origin;
      // Behind a change of clocks, whole hours are elsewhere.
      tick += (offset - this.offset(tick)) * this.clock;
      if (tick > b) break;
      if (tick >= a && !(tick <= found.at(-1))) found.push(tick);
    }
    return { step, found };
  }

  // Label of a line: the date is under the first one and under each midnight.
  labels(found, step) {
    let day = "";
    return found.map((tick) => {
      // Lines may lie between ticks: to a ms is enough to read.
      const seconds = (this.origin + tick) / this.clock + this.offset(tick);
      const moment = new Date(Math.round(seconds * 1000)).toISOString();
      const time = step < 1 ? moment.slice(11, step < 0.1 ? 23 : 21) : moment.slice(11, step < 60 ? 19 : 16);
      const isNew = moment.slice(0, 10) !== day;
      day = moment.slice(0, 10);
      return isNew ? `${time}\n${day}` : time;
    });
  }
}
