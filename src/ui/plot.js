"use strict";
// Reads the data island and draws one chart per metric; plot_controls.js holds the controls above them.

const decode = (v) => (v === null ? NaN : Number(v));
const data = JSON.parse(document.getElementById("data").textContent);
const allX = data.xs.map((x) =>
  Array.isArray(x)
    ? Float64Array.from(x, decode)
    : Float64Array.from({ length: x.count }, (_, i) => x.start + i * x.step));
const state = {
  logX: data.options.logX,
  logY: data.options.logY,
  smoothing: data.options.smoothing,
  hidden: new Set(), // indices of runs
};
const [labelNoun, figureNoun] = data.options.nouns;
const capital = (word) => word[0].toUpperCase() + word.slice(1);
const curveClass = (run) => `curve c${run % 7} d${Math.floor(run / 7) % 4}`;

const swatch = (look) =>
  svg("svg", { class: "swatch", viewBox: "0 0 24 8", "aria-hidden": "true" },
    svg("path", { class: typeof look === "number" ? curveClass(look) : look, d: "M1 4H23" }));

class CurveData {
  /** `series`: the names that tell curves of one run apart. */
  constructor(spec, series, loessShare) {
    Object.assign(this, { run: spec.run, count: spec.count, x: allX[spec.x], loessShare });
    this.raw = Float64Array.from(spec.y, decode);
    for (const name of ["last", "lowest", "highest"]) this[name] = spec[name]?.map(decode);
    this.label = data.runs[spec.run];
    this.look = curveClass(spec.run);
    if (spec.series === undefined) return;
    // Colours tell runs apart and dashes the series; of a single run, colours tell the series apart.
    const [alone, at] = [data.runs.length === 1, series.indexOf(spec.series)];
    this.label = alone ? spec.series : `${this.label} · ${spec.series}`;
    this.look = alone ? curveClass(at) : `curve c${spec.run % 7} d${at % 4}`;
  }
  /** The values to draw boldly: cached, because hovering asks again and again. */
  get y() {
    if (this.weight !== state.smoothing) {
      this.weight = state.smoothing;
      const values = this.loessShare > 0 ? loess(this.x, this.raw, this.loessShare) : this.raw;
      this.cached = smoothed(values, this.weight);
    }
    return this.cached;
  }
  /** Points in [low, high] and one more on each side, so that lines run on to the border. */
  window([low, high]) {
    const begin = Math.max(0, nearest(this.x, low) - 1);
    const end = Math.min(this.x.length, nearest(this.x, high) + 2);
    return [begin, end];
  }
}

class Chart {
  constructor(spec, index) {
    this.title = spec.title;
    this.xLabel = spec.xLabel;
    this.yLabel = spec.yLabel ?? "";
    const series = [...new Set(spec.curves.map((curve) => curve.series))];
    this.curves = spec.curves.map((curve) => new CurveData(curve, series, spec.loess));
    this.loess = spec.loess > 0;
    this.integral = this.curves.every((curve) => curve.x.every(Number.isInteger));
    this.zoom = null; // [low, high] or null
    this.dirty = true;
    this.clip = `clip-${index}`;
    this.svg = svg("svg", {
      tabindex: 0, role: "img", "aria-label": `${spec.title}: chart, ${this.curves.length} ${labelNoun}s`,
      onpointermove: (e) => this.pointerMoved(e), onpointerleave: () => this.leave(),
      onpointerdown: (e) => this.dragBegan(e), onpointerup: (e) => this.dragEnded(e),
      onpointercancel: () => this.dragCancelled(), ondblclick: () => this.setZoom(null),
      onkeydown: (e) => this.keyPressed(e), onblur: () => this.leave(),
    });
    this.readout = html("div", { class: "readout", role: "status", hidden: "" });
    this.plot = html("div", { class: "plot" }, this.svg, this.readout);
    this.reset = html("button", { type: "button", class: "small", hidden: "", onclick: () => this.setZoom(null) }, "Reset zoom");
    this.rows = []; // of the table, with the run of each
    this.section = html("section", { class: "chart" },
      html("div", { class: "chart-head" }, html("h2", { title: spec.title }, spec.title), this.reset),
      this.plot, this.table());
  }

  table() {
    const cell = (point) => point
      ? html("td", { title: `${point[1]} at ${this.xLabel} ${formatNumber(point[0])}` }, formatNumber(point[1]))
      : html("td", {}, "–");
    const body = html("tbody");
    for (const curve of this.curves) {
      const { label } = curve;
      const row = html("tr", {},
        html("th", { scope: "row", title: label }, swatch(curve.look), html("span", { class: "name" }, label)),
        cell(curve.last), cell(curve.lowest), cell(curve.highest));
      this.rows.push([curve.run, row]);
      body.append(row);
    }
    const head = [capital(labelNoun), "Last", "Min", "Max"].map((name) => html("th", { scope: "col" }, name));
    return html("div", { class: "values", tabindex: 0, role: "region", "aria-label": `Values of ${this.title}` },
      html("table", {}, html("thead", {}, html("tr", {}, ...head)), body));
  }

  get shown() {
    return this.curves.filter((curve) => !state.hidden.has(curve.run));
  }

  /** The x values that the visible curves span. */
  extent() {
    let [low, high] = [Infinity, -Infinity];
    for (const { x } of this.shown) {
      for (const end of state.logX ? [x.find((v) => v > 0), x.at(-1)] : [x[0], x.at(-1)]) {
        if (!isNumber(end) || (state.logX && end <= 0)) continue;
        low = Math.min(low, end);
        high = Math.max(high, end);
      }
    }
    return low <= high ? [low, high] : null;
  }

  yExtent(span) {
    let [low, high] = [Infinity, -Infinity];
    for (const curve of this.shown) {
      const [begin, end] = curve.window(span);
      for (let i = begin; i < end; i++) {
        const value = curve.raw[i];
        if (!isNumber(value) || (state.logY && value <= 0)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    return low <= high ? [low, high] : null;
  }

  draw() {
    const width = this.plot.clientWidth;
    if (width === 0) return;
    this.dirty = false;
    this.drawnWidth = width;
    const height = Math.round(Math.min(320, Math.max(190, width * 0.55)));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    this.reset.hidden = this.zoom === null;
    for (const [run, row] of this.rows) row.classList.toggle("off", state.hidden.has(run));
    this.leave();

    const span = this.zoom ?? this.extent();
    const values = span && this.yExtent(span);
    this.xScale = null;
    if (!values) {
      this.svg.replaceChildren(svg("text", { class: "empty", x: width / 2, y: height / 2 }, this.emptyText()));
      return;
    }
    const [top, bottom, right] = [10, height - 38, width - 14];
    const yScale = this.makeYScale(values, top, bottom);
    const left = (this.yLabel ? 26 : 14) + 6.6 * Math.max(3, ...yScale.labels.map((label) => label.length));
    const wanted = Math.max(2, Math.floor((right - left) / 80));
    const xScale = makeScale(span[0], span[1], left, right, state.logX, wanted, this.integral);
    Object.assign(this, { xScale, yScale, box: { left, right, top, bottom, width } });
    this.cursor = svg("g", { class: "cursor" });
    this.selection = svg("rect", { class: "selection", y: top, height: bottom - top, hidden: "" });
    this.svg.replaceChildren(
      svg("clipPath", { id: this.clip }, svg("rect", { x: left - 6, y: top - 6, width: right - left + 12, height: bottom - top + 12 })),
      this.grid(), svg("g", { "clip-path": `url(#${this.clip})` }, ...this.lines(span)), this.selection, this.cursor);
  }

  resized() {
    if (this.plot.clientWidth !== this.drawnWidth) this.dirty = true;
  }

  emptyText() {
    if (this.shown.length === 0 && this.curves.length > 0) return `All ${labelNoun}s are hidden`;
    const any = this.shown.some((curve) => curve.raw.some(isNumber));
    return any && (state.logX || state.logY) ? "No values above zero for a log axis" : "No values to draw";
  }

  makeYScale([low, high], top, bottom) {
    // Room above and below, in the scale's own measure.
    if (state.logY) {
      const factor = (high / low) ** 0.04;
      [low, high] = [low / factor, high * factor];
    } else {
      const room = (high / 2 - low / 2) * 0.08;
      [low, high] = [low - room, high + room];
    }
    return makeScale(low, high, bottom, top, state.logY, Math.max(3, Math.round((bottom - top) / 42)), false);
  }

  grid() {
    const { xScale, yScale, box: { left, right, top, bottom } } = this;
    const lines = yScale.ticks.map((t) => `M${left} ${yScale.at(t).toFixed(1)}H${right}`)
      .concat(xScale.ticks.map((t) => `M${xScale.at(t).toFixed(1)} ${top}V${bottom}`));
    return svg("g", { class: "axes" },
      svg("path", { class: "grid", d: lines.join("") }),
      svg("path", { class: "axis", d: `M${left} ${bottom}H${right}` }),
      ...yScale.ticks.map((t, i) => svg("text", { class: "y", x: left - 7, y: yScale.at(t) + 4 }, yScale.labels[i])),
      ...xScale.ticks.map((t, i) => svg("text", { x: xScale.at(t), y: bottom + 16 }, xScale.labels[i])),
      svg("text", { x: (left + right) / 2, y: bottom + 32 }, this.xLabel), ...this.yName());
  }

  /** The label of the y axis, turned; only pages that name one have it. */
  yName() {
    const { top, bottom } = this.box;
    const at = { class: "y-name", x: 11, y: (top + bottom) / 2, transform: `rotate(-90 11 ${(top + bottom) / 2})` };
    return this.yLabel ? [svg("text", at, this.yLabel)] : [];
  }

  /** The first run ends on top. With smoothing, the raw curves lie faint behind all others. */
  lines(span) {
    const order = this.shown.reverse();
    const raw = state.smoothing > 0 || this.loess ? order.map((curve) => this.line(curve, curve.raw, span, "raw")) : [];
    return raw.concat(order.map((curve) => this.line(curve, curve.y, span, "line")));
  }

  line(curve, y, span, kind) {
    const [begin, end] = curve.window(span);
    const { xScale, yScale, box: { top, bottom } } = this;
    const traced = tracePath(curve.x.subarray(begin, end), y.subarray(begin, end), xScale, yScale);
    const group = svg("g", { class: `${kind} ${curve.look}`, "data-run": curve.run },
      svg("path", { d: traced.path }));
    for (const [cx, cy] of traced.dots) group.append(svg("circle", { cx, cy, r: 3 }));
    const triangles = traced.marks.map(([x, up]) => `M${x} ${up ? top : bottom}l5 ${up ? 8 : -8}h-10z`);
    if (triangles.length > 0) group.append(svg("path", { class: "infinite", d: triangles.join("") }));
    return group;
  }

  pointerMoved(event) {
    if (!this.xScale) return;
    const [x, y] = this.position(event);
    if (this.drag !== undefined) {
      const [from, to] = [Math.min(this.drag, x), Math.max(this.drag, x)];
      fill(this.selection, { x: from, width: to - from }, []).toggleAttribute("hidden", to - from < 5);
    }
    this.showAt(this.xScale.invert(x), y);
  }
  position(event) {
    const { left, right } = this.box;
    const frame = this.svg.getBoundingClientRect();
    return [Math.min(right, Math.max(left, event.clientX - frame.left)), event.clientY - frame.top];
  }
  dragBegan(event) {
    if (event.button !== 0 || !this.xScale) return;
    this.svg.setPointerCapture(event.pointerId);
    this.drag = this.position(event)[0];
  }
  dragEnded(event) {
    if (this.drag === undefined || !this.xScale) return;
    const [from, to] = [this.drag, this.position(event)[0]].sort((a, b) => a - b);
    this.dragCancelled();
    if (to - from >= 5) this.setZoom([this.xScale.invert(from), this.xScale.invert(to)]);
  }
  dragCancelled() {
    this.drag = undefined;
    this.selection?.setAttribute("hidden", "");
  }
  setZoom(zoom) {
    this.zoom = zoom;
    this.dirty = true;
    schedule();
  }

  /** Shows the values at the point nearest to x; y is the pointer's height or undefined. */
  showAt(x, y) {
    const hits = this.shown.filter((curve) => curve.x.length > 0)
      .map((curve) => ({ curve, i: nearest(curve.x, x) }));
    if (hits.length === 0) return;
    const distance = ({ curve, i }) => Math.abs(this.xScale.at(curve.x[i]) - this.xScale.at(x));
    const best = hits.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    this.at = best.curve.x[best.i];
    for (const hit of hits) {
      hit.i = nearest(hit.curve.x, this.at);
      hit.y = hit.curve.y[hit.i];
    }
    for (const chart of charts) chart.markLine(chart === this || chart.xLabel === this.xLabel ? this.at : null);
    for (const { curve, i, y: value } of hits) {
      const [cx, cy] = [this.xScale.at(curve.x[i]), this.yScale.at(value)];
      if (isNumber(cx) && isNumber(cy)) this.cursor.append(svg("circle", { class: curve.look, cx, cy, r: 3.5 }));
    }
    this.fillReadout(hits, y);
  }
  markLine(x) {
    if (!this.xScale) return;
    const at = x === null ? NaN : this.xScale.at(x);
    const { left, right, top, bottom } = this.box;
    const visible = at >= left - 1 && at <= right + 1;
    this.cursor.replaceChildren(...(visible ? [svg("path", { d: `M${at} ${top}V${bottom}` })] : []));
  }

  fillReadout(hits, pointerY) {
    const order = (value) => (Number.isNaN(value) ? -Infinity : value);
    hits.sort((a, b) => order(b.y) - order(a.y) || 0);
    const gap = (hit) => Math.abs(this.yScale.at(hit.y) - pointerY);
    const closest = pointerY === undefined ? null
      : hits.filter((hit) => isNumber(gap(hit))).reduce((a, b) => (a && gap(a) <= gap(b) ? a : b), null);
    const rows = hits.map((hit) => {
      const { curve, i, y } = hit;
      const notes = [];
      if (state.smoothing > 0 || this.loess) notes.push(html("span", { class: "raw" }, `raw ${formatNumber(curve.raw[i])} `));
      if (curve.x[i] !== this.at) notes.push(`at ${formatNumber(curve.x[i])}`);
      return html("tr", { class: hit === closest && hits.length > 1 ? "closest" : "" },
        html("td", {}, swatch(curve.look), html("span", { class: "name" }, curve.label)),
        html("td", { class: "number" }, formatNumber(y)), html("td", { class: "note" }, ...notes));
    });
    this.readout.replaceChildren(html("div", { class: "at" }, `${this.xLabel} ${formatNumber(this.at)}`),
      html("table", {}, html("tbody", {}, ...rows)));
    this.readout.hidden = false;
    const x = this.xScale.at(this.at);
    const width = this.readout.offsetWidth;
    const fitsRight = x + 14 + width <= this.box.width;
    this.readout.style.left = `${fitsRight ? x + 14 : Math.max(0, Math.min(x - 14 - width, this.box.width - width))}px`;
  }
  leave() {
    if (this.drag !== undefined) return;
    this.at = undefined;
    this.readout.hidden = true;
    for (const chart of charts) chart.markLine(null);
  }

  keyPressed(event) {
    if (!this.xScale || event.ctrlKey || event.metaKey || event.altKey) return;
    const { low, high } = this.xScale;
    const steps = [...new Set(this.shown.flatMap((curve) => Array.from(curve.x)))]
      .filter((x) => x >= low && x <= high).sort((a, b) => a - b);
    const now = this.at === undefined ? -1 : nearest(steps, this.at);
    const zoomBy = (share) => {
      const pixel = (x) => this.xScale.at(x);
      const [full, centre] = [this.extent(), this.at === undefined ? null : pixel(this.at)];
      const [from, to] = [this.box.left, this.box.right];
      const middle = centre ?? (from + to) / 2;
      const next = [middle - (middle - from) * share, middle + (to - middle) * share].map((p) => this.xScale.invert(p));
      const zoom = [Math.max(full[0], next[0]), Math.min(full[1], next[1])];
      this.setZoom(zoom[0] === full[0] && zoom[1] === full[1] ? null : zoom);
    };
    const actions = {
      ArrowRight: () => this.showAt(steps[Math.min(steps.length - 1, now + 1)]),
      ArrowLeft: () => this.showAt(steps[now < 0 ? steps.length - 1 : Math.max(0, now - 1)]),
      Home: () => this.showAt(steps[0]), End: () => this.showAt(steps.at(-1)), Escape: () => this.leave(),
      "+": () => zoomBy(0.5), "=": () => zoomBy(0.5), "-": () => zoomBy(2), 0: () => this.setZoom(null),
    };
    if (!actions[event.key] || steps.length === 0) return;
    event.preventDefault();
    actions[event.key]();
  }
}

/** How a figure of each kind is drawn; plot_figures.js adds more. */
const figureKinds = { lines: Chart };
const charts = [];
let scheduled = false;
const onScreen = new Set();
const drawDirty = (list) => list.forEach((chart) => chart.dirty && chart.draw());

/** Redraws before the next frame what is dirty and in sight. */
function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    drawDirty([...onScreen]);
  });
}
function redrawAll() {
  for (const chart of charts) chart.dirty = true;
  schedule();
}
