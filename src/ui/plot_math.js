"use strict";
// Pure functions behind the charts: numbers, ticks, smoothing, thinning. No DOM here.

const isNumber = Number.isFinite;

/** Six significant digits, as the tables of the command line show them. */
function formatNumber(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "NaN";
  if (!isNumber(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e15 || size < 1e-4)) {
    return value.toExponential(5).replace(/\.?0+e/, "e").replace("e+", "e");
  }
  return String(Number(value.toPrecision(6)));
}

const floorLog10 = (value) => {
  const exponent = Math.floor(Math.log10(value));
  return scaled(1, exponent) > value ? exponent - 1 : exponent;
};

/** mantissa × 10^exponent without the rounding errors of repeated multiplication. */
function scaled(mantissa, exponent) {
  return exponent >= 0 ? mantissa * 10 ** exponent : mantissa / 10 ** -exponent;
}

function linearTicks(low, high, wanted) {
  const raw = high / wanted - low / wanted;
  if (!(raw > 1e-300)) return [low];
  const exponent = floorLog10(raw);
  const mantissa = raw / scaled(1, exponent);
  const digit = mantissa < 1.414 ? 1 : mantissa < 3.162 ? 2 : mantissa < 7.071 ? 5 : 10;
  const step = scaled(digit, exponent);
  const ticks = [];
  const last = Math.floor(high / step + 1e-9);
  for (let i = Math.ceil(low / step - 1e-9); i <= last && ticks.length < 100; i++) {
    ticks.push(scaled(i * digit, exponent) + 0);
  }
  return ticks;
}

function logTicks(low, high, wanted) {
  const first = floorLog10(low);
  const last = floorLog10(high);
  const digits = last - first <= 1 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil((last - first) / (wanted + 1)));
  const ticks = [];
  // Multiples of the stride, so that 1 stays a tick.
  for (let exponent = Math.floor(first / stride) * stride; exponent <= last; exponent += stride) {
    for (const digit of digits) {
      const tick = scaled(digit, exponent);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks.length >= 2 ? ticks : linearTicks(low, high, wanted);
}

function tickLabels(ticks) {
  const largest = Math.max(...ticks.map(Math.abs));
  const step = ticks.length > 1 ? Math.min(...ticks.slice(1).map((t, i) => t - ticks[i])) : largest;
  const even = ticks.length > 1 && ticks.every((t, i) => i < 2 || Math.abs(t - ticks[i - 1] - step) < step / 2);
  if (!even || largest === 0) return ticks.map(compact);
  const top = floorLog10(largest);
  const bottom = floorLog10(step * (1 + 1e-9));
  if (top - bottom > 9) return ticks.map(compact);
  let [exponent, suffix] = [0, ""];
  if (top >= 15 || top < -3) [exponent, suffix] = [top, "e" + top];
  else if (top >= 12) [exponent, suffix] = [12, "T"];
  else if (top >= 9) [exponent, suffix] = [9, "G"];
  else if (top >= 6) [exponent, suffix] = [6, "M"];
  else if (top >= 4 && bottom >= 2) [exponent, suffix] = [3, "k"];
  const decimals = Math.max(0, exponent - bottom);
  return ticks.map((t) => (t === 0 ? "0" : scaled(t, -exponent).toFixed(decimals) + suffix));
}

function compact(value) {
  const size = Math.abs(value);
  for (const [limit, suffix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"]]) {
    if (size >= limit && size < 1e15) return formatNumber(value / limit) + suffix;
  }
  return size >= 1e4 && size < 1e6 ? formatNumber(value / 1e3) + "k" : formatNumber(value);
}

/** A scale from values to pixels: {at, invert, ticks, labels}. */
function makeScale(low, high, from, to, log, wanted, integral) {
  if (low === high) {
    const room = integral ? 1 : Math.abs(low) * 0.1 || 1;
    [low, high] = log ? [low / 2, high * 2] : [low - room, high + room];
  }
  const map = log ? Math.log : (v) => v;
  const unmap = log ? Math.exp : (v) => v;
  const [a, b] = [map(low), map(high)];
  let ticks = log ? logTicks(low, high, wanted) : linearTicks(low, high, wanted);
  if (integral) ticks = ticks.filter(Number.isInteger);
  return {
    low,
    high,
    at: (value) => (log && value <= 0 ? NaN : from + ((map(value) - a) / (b - a)) * (to - from)),
    invert: (pixel) => unmap(a + ((pixel - from) / (to - from)) * (b - a)),
    ticks,
    labels: tickLabels(ticks),
  };
}

/** TensorBoard's debiased exponential moving average; NaN and infinities pass through. */
function smoothed(y, weight) {
  if (!(weight > 0) || y.every((v) => v === y[0])) return y;
  const result = new Float64Array(y.length);
  let mean = 0;
  let missing = 1;
  for (let i = 0; i < y.length; i++) {
    if (!isNumber(y[i])) {
      result[i] = y[i];
      continue;
    }
    mean = mean * weight + (1 - weight) * y[i];
    missing *= weight;
    result[i] = mean / (1 - missing);
  }
  return result;
}

/**
 * Local linear regression: at each point a line through its nearest neighbours, near ones weigh
 * most (tricube). `share` of the points are neighbours. x is ascending; NaN passes through.
 */
function loess(x, y, share) {
  const known = [...y.keys()].filter((i) => isNumber(x[i]) && isNumber(y[i]));
  const count = Math.max(2, Math.min(known.length, Math.floor(share * known.length)));
  const result = Float64Array.from(y);
  if (known.length < 3) return result;
  let begin = 0;
  for (const at of known) {
    const centre = x[at];
    while (begin + count < known.length && centre - x[known[begin]] > x[known[begin + count]] - centre) begin++;
    const near = known.slice(begin, begin + count);
    const reach = Math.max(...near.map((i) => Math.abs(x[i] - centre))) * (1 + 1e-9);
    let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0];
    for (const i of near) {
      const [dx, distance] = [x[i] - centre, reach > 0 ? Math.abs(x[i] - centre) / reach : 0];
      const weight = (1 - distance ** 3) ** 3;
      w += weight;
      wx += weight * dx;
      wy += weight * y[i];
      wxx += weight * dx * dx;
      wxy += weight * dx * y[i];
    }
    const spread = w * wxx - wx * wx;
    result[at] = spread > 1e-12 * w * wxx ? (wxx * wy - wx * wxy) / spread : wy / w;
  }
  return result;
}

/** Index of the value nearest to x in an ascending array. */
function nearest(xs, x) {
  let low = 0;
  let high = xs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low > 0 && x - xs[low - 1] <= xs[low] - x ? low - 1 : low;
}

/**
 * An SVG path for a curve, at most four points per pixel column (first, lowest, highest, last), so
 * that spikes survive. Also returns values without neighbours and infinities, which need marks.
 */
function tracePath(xs, ys, xScale, yScale) {
  let path = "";
  let column = null;
  const dots = [];
  const marks = [];
  let segment = [];
  const flushColumn = () => {
    if (!column) return;
    const { x, first, low, high, last } = column;
    for (const y of low === high ? [first] : [first, high, low, last]) segment.push([x, y]);
    column = null;
  };
  const endSegment = () => {
    flushColumn();
    if (segment.length === 1) dots.push(segment[0]);
    if (segment.length > 1) {
      path += "M" + segment.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
    }
    segment = [];
  };
  for (let i = 0; i < xs.length; i++) {
    const x = xScale.at(xs[i]);
    const y = yScale.at(ys[i]);
    if (!isNumber(x) || !isNumber(y)) {
      endSegment();
      if (isNumber(x) && !Number.isNaN(y)) marks.push([x, ys[i] > 0]);
      continue;
    }
    if (column && Math.abs(x - column.x) < 0.5) {
      column.low = Math.min(column.low, y);
      column.high = Math.max(column.high, y);
      column.last = y;
    } else {
      flushColumn();
      column = { x, first: y, low: y, high: y, last: y };
    }
  }
  endSegment();
  return { path, dots, marks };
}
