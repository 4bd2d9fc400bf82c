"use strict";
// The pictures of one feature. What they are drawn from is described in comparison_data.hpp.

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const digitValue = new Map([...digits].map((digit, value) => [digit, value]));

function unpack(text, width, low, high) {
  const top = 64 ** width - 1;
  return Float64Array.from({ length: text.length / width }, (_, i) => {
    let level = 0;
    for (let j = i * width; j < (i + 1) * width; j++) level = level * 64 + digitValue.get(text[j]);
    return low * (1 - level / top) + high * (level / top);
  });
}

const short = (value) => (isNumber(value) ? formatNumber(Number(value.toPrecision(3))) : formatNumber(value));
const count = (value) => value.toLocaleString("en-US");
const percent = (share) => {
  const value = share * 100;
  return `${value === 0 ? "0" : value < 0.01 ? "<0.01" : value >= 99.995 && value < 100 ? ">99.99" : Number(value.toPrecision(3))} %`;
};
const pValue = (p) => (p === null ? "–" : p === 0 ? "< 1e-300" : p >= 0.001 ? String(Number(p.toPrecision(3))) : p.toExponential(1));
const total = (counts) => counts.reduce((sum, value) => sum + value, 0);
const shares = (counts) => {
  const all = total(counts);
  return counts.map((value) => (all > 0 ? value / all : 0));
};
const key = (side) => html("i", { class: side });

/** Short for a value that fits its threshold, beyond the middle for one that does not. */
function gauge(ratio, tone, width = 90) {
  const share = !(ratio > 0) ? 0 : ratio <= 1 ? ratio / 2 : Math.min(1, 0.5 + Math.log10(ratio) / 4);
  return svg("svg", { class: tone, width, height: 12, viewBox: `0 0 ${width} 12`, "aria-hidden": "true" },
    svg("rect", { class: "track", y: 3, width, height: 6, rx: 3 }),
    svg("rect", { class: "tone", y: 3, width: Math.max(share > 0 ? 2 : 0, share * width), height: 6, rx: 3 }),
    svg("path", { class: "limit", d: `M${width / 2} 0V12` }));
}

/** How far a test is from its threshold: 1 is at it, more is beyond. */
function testRatio([index, statistic, p]) {
  const [, threshold, below] = data.tests[index];
  if (!below) return statistic / threshold;
  return p === null ? NaN : Math.log(Math.max(p, 1e-300)) / Math.log(threshold);
}

/** Outlines of a histogram's two sides in a box; heights are shares of the highest bin. */
function outline(values, top, width, height, at = (i) => (i / values.length) * width) {
  let path = `M${at(0).toFixed(1)} ${height}`;
  values.forEach((value, i) => {
    path += `V${(height - (top > 0 ? value / top : 0) * height).toFixed(1)}H${at(i + 1).toFixed(1)}`;
  });
  return `${path}V${height}`;
}

function sparkline(histogram) {
  const [width, height] = [96, 24];
  const node = svg("svg", { width, height, viewBox: `0 -1 ${width} ${height + 2}`, "aria-hidden": "true" });
  if (!histogram) return node;
  const sides = [shares(histogram[2]), shares(histogram[3])];
  const top = Math.max(...sides[0], ...sides[1]);
  ["reference", "current"].forEach((name, i) => {
    const d = outline(sides[i], top, width, height);
    node.append(svg("path", { class: `${name} area`, d }), svg("path", { class: `${name} spark line`, d }));
  });
  return node;
}

/** A card with a picture that is drawn again when its width changes, and a read-out. */
class Panel {
  constructor(title) {
    this.svg = svg("svg", { class: "chart", role: "img", "aria-label": title,
      onpointermove: (event) => this.moved(event), onpointerleave: () => this.left() });
    this.readout = html("div", { class: "readout", hidden: "" });
    this.head = html("div", { class: "panel-head" }, html("h3", {}, title));
    this.node = html("div", { class: "panel" }, this.head, this.svg, this.readout);
    this.marks = svg("g");
    new ResizeObserver(() => this.redraw()).observe(this.svg);
  }
  toggle(label, title, pressed) {
    const button = html("button", { type: "button", title, "aria-pressed": String(pressed) }, label);
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      this.redraw(true);
    });
    this.head.append(button);
    return () => button.getAttribute("aria-pressed") === "true";
  }
  redraw(always = false) {
    const width = Math.round(this.svg.getBoundingClientRect().width);
    if (width === 0 || (width === this.width && !always)) return;
    this.width = width;
    this.left();
    this.draw(width);
  }
  resize(height) {
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.svg.setAttribute("height", height);
  }
  moved(event) {
    const frame = this.svg.getBoundingClientRect();
    const lines = this.read(event.clientX - frame.left, event.clientY - frame.top);
    if (!lines) return this.left();
    this.readout.replaceChildren(...lines.map((line) => html("div", {}, ...[line].flat())));
    this.readout.hidden = false;
    const [x, y] = [event.clientX - frame.left + 26, event.clientY - frame.top + this.svg.offsetTop];
    const wide = this.readout.offsetWidth;
    const [left] = [x + wide > this.width ? Math.max(0, x - wide - 40) : x];
    this.readout.style.left = `${left}px`;
    this.readout.style.top = `${Math.max(4, (Number.isFinite(y) ? y : 40) - 20)}px`;
  }
  left() {
    this.readout.hidden = true;
    this.marks.replaceChildren();
  }
  /** Grid, axes and labels; `sides` in pixels are [left, right, top, bottom]. */
  axes(x, y, [left, right, top, bottom], yLabel = String, xLabels = x.labels) {
    const fits = xLabels.map((label, i) => {
      const half = label.length * 3.2;
      return Math.min(Math.max(x.at(x.ticks[i]), left + half - 20), right - half + 6);
    });
    return svg("g", {},
      svg("path", { class: "grid", d: y.ticks.map((t) => `M${left} ${y.at(t).toFixed(1)}H${right}`).join("") }),
      svg("path", { class: "axis", d: `M${left} ${bottom}H${right}` + x.ticks.map((t) => `M${x.at(t).toFixed(1)} ${bottom}v4`).join("") }),
      ...y.ticks.map((t, i) => svg("text", { class: "end", x: left - 6, y: y.at(t) + 4 }, yLabel(y.labels[i]))),
      ...x.ticks.map((t, i) => svg("text", { x: fits[i], y: bottom + 16 }, xLabels[i])));
  }
}

const chartHeight = 250;
const box = (width, leftMargin = 46) => [leftMargin, width - 10, 10, chartHeight - 22];
const wantedTicks = (from, to, each) => Math.max(2, Math.floor(Math.abs(to - from) / each));

class HistogramPanel extends Panel {
  constructor([edges, , reference, current], integral) {
    super("Distribution");
    this.integral = integral;
    const bins = reference.length;
    this.edges = edges.length === bins + 1 ? edges
      : Array.from({ length: bins + 1 }, (_, i) => edges[0] * (1 - i / bins) + edges[1] * (i / bins));
    this.counts = [reference, current];
    this.sides = this.counts.map((side) => shares(side).map((share) => share * 100));
    this.log = this.toggle("log", "Logarithmic shares: shows the tails", false);
  }
  draw(width) {
    const sides = box(width);
    const [left, right, top, bottom] = sides;
    const all = this.sides.flat().filter((share) => share > 0);
    const highest = Math.max(...all, 1e-9);
    const lowest = this.log() ? Math.min(...all) / 2 : 0;
    this.x = makeScale(this.edges[0], this.edges.at(-1), left, right, false, wantedTicks(left, right, 80), false);
    const y = makeScale(lowest, highest * (this.log() ? 1.3 : 1.06), bottom, top, this.log(), 4, false);
    this.resize(chartHeight);
    const edge = (i) => this.x.at(this.edges[i]);
    const height = (share) => (share > lowest ? y.at(share) : bottom);
    const path = (values) => values.reduce(
      (d, value, i) => `${d}V${height(value).toFixed(1)}H${edge(i + 1).toFixed(1)}`, `M${edge(0).toFixed(1)} ${bottom}`) + `V${bottom}`;
    const parts = ["reference", "current"].flatMap((name, i) => [
      svg("path", { class: `${name} area`, d: path(this.sides[i]) }), svg("path", { class: `${name} line`, d: path(this.sides[i]) })]);
    this.svg.replaceChildren(this.axes(this.x, y, sides, (label) => `${label} %`), ...parts, this.marks);
  }
  read(px) {
    const at = this.x.invert(px);
    if (!(at >= this.edges[0] && at <= this.edges.at(-1))) return null;
    let bin = this.edges.findIndex((edge) => edge > at) - 1;
    if (bin < 0) bin = this.counts[0].length - 1;
    const [from, to] = [this.edges[bin], this.edges[bin + 1]];
    this.marks.replaceChildren(svg("rect", { class: "hit", x: this.x.at(from), width: Math.max(0, this.x.at(to) - this.x.at(from)), y: 10, height: chartHeight - 32 }));
    const line = (name, i) => [key(name), `${percent(this.sides[i][bin] / 100)} (${count(this.counts[i][bin])})`];
    return [`${short(from)} to ${short(to)}`, line("reference", 0), line("current", 1)];
  }
}

class CategoryPanel extends Panel {
  constructor([, labels, reference, current]) {
    super("Shares of the categories");
    Object.assign(this, { labels, counts: [reference, current], sides: [shares(reference), shares(current)] });
  }
  draw(width) {
    const longest = Math.max(...this.labels.map((label) => [...label].length));
    const left = Math.min(width * 0.4, 16 + longest * 6.4);
    const most = Math.max(...this.sides.flat(), 1e-9);
    const letters = Math.floor((left - 12) / 6.2);
    this.step = 24;
    this.resize(this.labels.length * this.step + 8);
    const x = (share) => (share / most) * (width - left - 66);
    const rows = this.labels.flatMap((label, i) => {
      const y = i * this.step + 4;
      const [a, b] = [this.sides[0][i], this.sides[1][i]];
      const shown = [...label].length > letters ? [...label].slice(0, letters - 1).join("") + "…" : label;
      return [
        svg("text", { class: "end", x: left - 8, y: y + 14 }, shown),
        svg("rect", { class: "reference bar", x: left, y: y + 1, width: Math.max(a > 0 ? 1 : 0, x(a)), height: 8, rx: 1 }),
        svg("rect", { class: "current bar", x: left, y: y + 10, width: Math.max(b > 0 ? 1 : 0, x(b)), height: 8, rx: 1 }),
        svg("text", { class: "start", x: left + Math.max(x(a), x(b)) + 6, y: y + 14 }, percent(b))];
    });
    this.svg.replaceChildren(...rows, this.marks);
  }
  read(px, py) {
    const i = Math.floor((py - 4) / this.step);
    if (!(i >= 0 && i < this.labels.length)) return null;
    this.marks.replaceChildren(svg("rect", { class: "hit", x: 0, width: this.width, y: i * this.step + 2, height: this.step - 2 }));
    const line = (name, side) => [key(name), `${percent(this.sides[side][i])} (${count(this.counts[side][i])})`];
    return [this.labels[i], line("reference", 0), line("current", 1)];
  }
}

class FunctionPanel extends Panel {
  constructor([low, high, x, reference, current, distance, place], discrete) {
    super("Share of values up to x, and where the two differ most");
    this.x = unpack(x, 3, low, high);
    this.sides = [unpack(reference, 2, 0, 1), unpack(current, 2, 0, 1)];
    Object.assign(this, { distance, place, discrete });
    // The middle 98 %, where a few far values would squeeze the rest.
    const begin = this.x.findIndex((_, i) => this.sides.some((side) => side[i] > 0.01));
    const end = this.x.findIndex((_, i) => this.sides.every((side) => side[i] >= 0.99));
    this.middle = [this.x[Math.max(0, begin - 1)], this.x[end < 0 ? this.x.length - 1 : end]];
    const squeezed = this.middle[1] / 2 - this.middle[0] / 2 < 0.4 * (high / 2 - low / 2) && this.middle[1] > this.middle[0];
    this.zoomed = squeezed ? this.toggle("middle 98 %", "Leave out the far ends", true) : () => false;
  }
  at(side, x) {
    const values = this.sides[side];
    const i = this.x.findIndex((v) => v > x);
    if (i === 0) return 0;
    if (i < 0) return 1;
    const share = this.discrete ? 0 : (x - this.x[i - 1]) / (this.x[i] - this.x[i - 1]);
    return values[i - 1] + share * (values[i] - values[i - 1]);
  }
  draw(width) {
    const sides = box(width);
    const [left, right, top, bottom] = sides;
    const [low, high] = this.zoomed() ? this.middle : [this.x[0], this.x.at(-1)];
    this.xScale = makeScale(low, high, left, right, false, wantedTicks(left, right, 80), false);
    this.yScale = makeScale(0, 100, bottom, top, false, 4, false);
    this.resize(chartHeight);
    const clamp = (px) => Math.min(right, Math.max(left, px)).toFixed(1);
    const path = (values) => {
      let d = "";
      for (let i = 0; i < this.x.length; i++) {
        const [x, y] = [clamp(this.xScale.at(this.x[i])), this.yScale.at(values[i] * 100).toFixed(1)];
        d += i === 0 ? `M${left} ${bottom}H${x}V${y}` : this.discrete ? `H${x}V${y}` : `L${x} ${y}`;
      }
      return d + `H${right}`;
    };
    const parts = ["reference", "current"].map((name, i) => svg("path", { class: `${name} line`, d: path(this.sides[i]) }));
    this.svg.replaceChildren(this.axes(this.xScale, this.yScale, sides, (label) => `${label} %`), ...parts, ...this.gap(), this.marks);
  }
  gap() {
    if (!(this.distance > 0)) return [];
    const x = this.xScale.at(this.place);
    const [left, right] = box(this.width);
    if (!(x >= left && x <= right)) return [];
    const middle = (this.at(0, this.place) + this.at(1, this.place)) * 50;
    const [a, b] = [middle + this.distance * 50, middle - this.distance * 50].map((v) => this.yScale.at(v));
    const room = x + 120 < right;
    return [svg("path", { class: "gap", d: `M${x - 4} ${a}h8m-4 0V${b}m-4 0h8` }),
      svg("text", { class: `value ${room ? "start" : "end"}`, x: room ? x + 8 : x - 8, y: (a + b) / 2 + 4 }, `D = ${short(this.distance)}`)];
  }
  read(px) {
    const [left, right, top, bottom] = box(this.width);
    if (px < left || px > right) return null;
    const x = this.xScale.invert(px);
    const [a, b] = [this.at(0, x), this.at(1, x)];
    this.marks.replaceChildren(svg("path", { class: "cursor", d: `M${px} ${top}V${bottom}` }),
      ...[["reference", a], ["current", b]].map(([name, v]) => svg("circle", { class: `${name} dot`, cx: px, cy: this.yScale.at(v * 100), r: 3.5 })));
    return [`up to ${short(x)}`, [key("reference"), percent(a)], [key("current"), percent(b)], `gap ${short(Math.abs(a - b))}`];
  }
}

class TimePanel extends Panel {
  constructor(series, reference) {
    super("Mean over time, and the reference's mean ± one deviation");
    this.node.classList.add("wide");
    this.series = series.map(([old, times, rows, low, high, means]) => ({
      name: old ? "reference" : "current", times: data.times[times], rows: data.slice_rows[rows], means: unpack(means, 2, low, high) }));
    this.from = Math.min(...this.series.map((s) => s.times[0]));
    this.to = Math.max(...this.series.map((s) => s.times.at(-1)));
    const [, , mean, deviation] = reference;
    this.reference = mean === null ? null : [mean - (deviation ?? 0), mean, mean + (deviation ?? 0)];
  }
  draw(width) {
    const values = [...this.series.flatMap((s) => [...s.means]), ...(this.reference ?? [])];
    let [low, high] = [Math.min(...values), Math.max(...values)];
    const room = (high - low) * 0.06;
    const y = makeScale(low - room, high + room, chartHeight - 22, 10, false, 4, false);
    const sides = box(width, 14 + 6.6 * Math.max(3, ...y.labels.map((label) => label.length)));
    const [left, right, top, bottom] = sides;
    const { ticks, labels } = timeTicks(this.from, this.to, wantedTicks(left, right, 110));
    const x = { ...makeScale(this.from, this.to, left + 6, right - 6, false, 2, false), ticks, labels };
    Object.assign(this, { xScale: x, yScale: y, sides });
    this.resize(chartHeight);
    const parts = [];
    if (this.reference) {
      const [a, m, b] = this.reference.map((v) => y.at(v));
      parts.push(svg("rect", { class: "band", x: left, width: right - left, y: b, height: Math.max(0, a - b) }),
        svg("path", { class: "mean", d: `M${left} ${m}H${right}` }));
    }
    for (const { name, times, means } of this.series) {
      const d = [...means].map((v, i) => `${i ? "L" : "M"}${x.at(times[i]).toFixed(1)} ${y.at(v).toFixed(1)}`).join("");
      parts.push(svg("path", { class: `${name} line`, d }));
      if (means.length > 60) continue;
      parts.push(...[...means].map((v, i) => svg("circle", { class: `${name} dot`, cx: x.at(times[i]), cy: y.at(v), r: 3 })));
    }
    this.svg.replaceChildren(this.axes(x, y, sides), ...parts, this.marks);
  }
  read(px) {
    const [, , top, bottom] = this.sides;
    const at = this.xScale.invert(px);
    const near = this.series.map((s) => ({ ...s, i: nearest(s.times, at) }));
    const { name, times, rows, means, i } = near.reduce((a, b) => (Math.abs(b.times[b.i] - at) < Math.abs(a.times[a.i] - at) ? b : a));
    const x = this.xScale.at(times[i]);
    this.marks.replaceChildren(svg("path", { class: "cursor", d: `M${x} ${top}V${bottom}` }),
      svg("circle", { class: `${name} dot`, cx: x, cy: this.yScale.at(means[i]), r: 4 }));
    return [timeText(times[i]), [key(name), `mean ${short(means[i])}`], `${count(rows[i])} rows`];
  }
}

const timeText = (ms) => new Date(ms).toISOString().replace("T", " ").replace(/:00\.000Z$/, "").replace(/\.?0*Z$/, "");

/** Round times in UTC between two moments. */
function timeTicks(from, to, wanted) {
  const [second, minute, hour, day] = [1e3, 6e4, 36e5, 864e5];
  const steps = [second, 5 * second, 15 * second, minute, 5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 12 * hour,
    day, 2 * day, 7 * day, 14 * day, 30 * day, 91 * day, 365 * day, 730 * day, 1826 * day, 3652 * day];
  const step = steps.find((s) => (to - from) / s <= wanted) ?? steps.at(-1) * Math.ceil((to - from) / steps.at(-1) / wanted);
  const ticks = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) ticks.push(t);
  const text = (t) => new Date(t).toISOString();
  const labels = ticks.map((t, i) => {
    if (step >= day) return text(t).slice(0, 10);
    const time = text(t).slice(11, step >= minute ? 16 : 19);
    const newDay = i === 0 || text(t).slice(0, 10) !== text(ticks[i - 1]).slice(0, 10);
    return newDay ? `${text(t).slice(5, 10)} ${time}` : time;
  });
  return { ticks, labels };
}
