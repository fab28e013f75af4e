"use strict";
// Packed samples become arrays again: the other half of encoding.py. This script also
// runs alone in a Worker, so it knows neither the page nor uPlot.
const Decode = (() => {
  // Lowest and highest of so many samples are kept, for views of hours.
  const BLOCK = 64;

  function bytesOf(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
    return bytes;
  }

  async function inflated(bytes) {
    const stream = new Blob([bytes]).stream();
    const out = stream.pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(out).arrayBuffer());
  }

  // The first bytes of all numbers come before their second bytes, and so on. Whole
  // numbers are differences in zigzag form; sums wrap round at the width.
  const forms = {
    u16(raw, n) {
      const out = new Uint16Array(n);
      let last = 0;
      for (let i = 0; i < n; i++) {
        const z = raw[i] | (raw[n + i] << 8);
        last = (last + ((z >>> 1) ^ -(z & 1))) & 0xffff;
        out[i] = last;
      }
      return out;
    },
    u32(raw, n) {
      const out = new Uint32Array(n);
      let last = 0;
      for (let i = 0; i < n; i++) {
        const z = raw[i] | (raw[n + i] << 8) | (raw[2 * n + i] << 16) | (raw[3 * n + i] << 24);
        last = (last + ((z >>> 1) ^ -(z & 1))) >>> 0;
        out[i] = last;
      }
      return out;
    },
    f64(raw, n) {
      const bytes = new Uint8Array(8 * n);
      for (let k = 0; k < 8; k++) {
        for (let i = 0; i < n; i++) bytes[8 * i + k] = raw[k * n + i];
      }
      return new Float64Array(bytes.buffer);
    },
  };

  async function numbers(pack, text) {
    const raw = await inflated(bytesOf(text));
    if (raw.length !== pack.n * { u16: 2, u32: 4, f64: 8 }[pack.form]) {
      throw new Error("the page is damaged: samples are missing from it");
    }
    return forms[pack.form](raw, pack.n);
  }

  // Which numbers are measurements: not missing, and not what means "no signal".
  function measured(pack) {
    const missing = { u16: 0xffff, u32: 0xffffffff }[pack.form];
    const { base, void: none = null, above = null, upto = null } = pack;
    return (x) =>
      x !== missing && Number.isFinite(x) && x + base !== none &&
      (above === null || x + base > above) && (upto === null || x + base <= upto);
  }

  // Lowest and highest measurement of each block; one without any holds no number.
  function blocks(values, pack) {
    const isMeasured = measured(pack);
    const n = Math.ceil(values.length / BLOCK);
    const low = new Float64Array(n).fill(NaN);
    const high = new Float64Array(n).fill(NaN);
    for (let b = 0; b < n; b++) {
      let least = Infinity, most = -Infinity;
      const end = Math.min((b + 1) * BLOCK, values.length);
      for (let i = b * BLOCK; i < end; i++) {
        const x = values[i];
        if (!isMeasured(x)) continue;
        if (x < least) least = x;
        if (x > most) most = x;
      }
      if (least <= most) { low[b] = least; high[b] = most; }
    }
    return { low, high };
  }

  async function column(pack, text) {
    const values = await numbers(pack, text);
    return { values, ...blocks(values, pack) };
  }

  return { BLOCK, column, measured, numbers };
})();

// In a Worker there is no document: each message is a column to unpack.
if (typeof document === "undefined") {
  onmessage = async ({ data: { job, pack, text } }) => {
    try {
      const found = await Decode.column(pack, text);
      const arrays = [found.values.buffer, found.low.buffer, found.high.buffer];
      postMessage({ job, found }, arrays);
    } catch (error) {
      postMessage({ job, error: String(error) });
    }
  };
}
