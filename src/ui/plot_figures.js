"use strict";
// Figures other than curves: points, bars, confusion matrices, pictures. Each has what the controls
// and the other charts ask of a Chart.

/** A cloud of points: the read-out shows the one nearest to the pointer. */
class PointsChart extends Chart {
  line(curve, _, span, kind) {
    const [begin, end] = curve.window(span);
    const group = svg("g", { class: `${kind} points ${curve.look}`, "data-run": curve.run });
    for (let i = begin; i < end; i++) {
      const [cx, cy] = [this.xScale.at(curve.x[i]), this.yScale.at(curve.raw[i])];
      if (isNumber(cx) && isNumber(cy)) group.append(svg("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: 3 }));
    }
    return group;
  }
  lines(span) {
    return this.shown.reverse().map((curve) => this.line(curve, curve.raw, span, "line"));
  }
  showAt(x, y) {
    if (y === undefined) return super.showAt(x, y);
    let best = null;
    for (const curve of this.shown) {
      for (let i = 0; i < curve.x.length; i++) {
        const [dx, dy] = [this.xScale.at(curve.x[i]) - this.xScale.at(x), this.yScale.at(curve.raw[i]) - y];
        const gap = dx * dx + dy * dy;
        if (isNumber(gap) && (!best || gap < best.gap)) best = { gap, curve, i, y: curve.raw[i] };
      }
    }
    if (!best) return;
    this.at = best.curve.x[best.i];
    const at = { cx: this.xScale.at(this.at), cy: this.yScale.at(best.y) };
    this.cursor.replaceChildren(svg("circle", { class: best.curve.look, ...at, r: 5 }));
    this.fillReadout([best], y);
  }
}

/** A card with a title whose content is drawn again when its width changes. */
class Panel {
  constructor(spec) {
    Object.assign(this, { spec, title: spec.title, xLabel: null, zoom: null, dirty: true });
    this.plot = html("div", { class: "plot" });
    this.section = html("section", { class: "chart" },
      html("div", { class: "chart-head" }, html("h2", { title: spec.title }, spec.title)), this.plot);
  }
  get shown() {
    return this.spec.runs.filter(({ run }) => !state.hidden.has(run));
  }
  markLine() {}
  resized() {
    if (this.plot.clientWidth !== this.drawnWidth) this.dirty = true;
  }
  draw() {
    const width = this.plot.clientWidth;
    if (width === 0) return;
    Object.assign(this, { dirty: false, drawnWidth: width });
    const { shown } = this;
    this.plot.replaceChildren(...(shown.length > 0 ? this.content(shown, width)
      : [html("p", { class: "muted" }, `All ${labelNoun}s are hidden`)]));
  }
}

const shortText = (text, letters) => {
  const all = [...text];
  return all.length > letters ? all.slice(0, Math.max(1, letters - 1)).join("") + "…" : text;
};

class BarPanel extends Panel {
  content(shown, width) {
    const { categories } = this.spec;
    const values = shown.map(({ values }) => values.map(decode));
    const known = values.flat().filter(isNumber);
    const [low, high] = [Math.min(0, ...known), Math.max(0, ...known)];
    const longest = Math.max(1, ...categories.map((name) => [...name].length));
    const left = Math.min(width * 0.4, 14 + longest * 6.6);
    const x = makeScale(low, high === low ? low + 1 : high, left, width - 64, false, Math.max(2, Math.floor((width - left) / 90)), false);
    const [bar, gap] = [shown.length > 4 ? 9 : 14, 8];
    const group = bar * shown.length + gap;
    const bottom = categories.length * group + 6;
    const node = svg("svg", { viewBox: `0 0 ${width} ${bottom + 38}`, height: bottom + 38, role: "img", "aria-label": `${this.title}: bars` });
    node.append(svg("path", { class: "grid", d: x.ticks.map((t) => `M${x.at(t).toFixed(1)} 0V${bottom}`).join("") }),
      ...x.ticks.map((t, i) => svg("text", { x: x.at(t), y: bottom + 16 }, x.labels[i])),
      svg("text", { x: (left + width - 64) / 2, y: bottom + 32 }, this.spec.xLabel));
    categories.forEach((name, i) => {
      const top = i * group + gap / 2;
      node.append(svg("text", { class: "y", x: left - 8, y: top + (group - gap) / 2 + 4 },
        svg("title", {}, name), shortText(name, Math.floor((left - 10) / 6.4))));
      shown.forEach(({ run }, k) => {
        const value = values[k][i];
        if (!isNumber(value)) return;
        const [from, to] = [x.at(0), x.at(value)].sort((a, b) => a - b);
        const y = top + k * bar;
        node.append(svg("g", { class: `bar ${curveClass(run)}`, "data-run": run },
          svg("title", {}, `${data.runs[run]}: ${formatNumber(value)}`),
          svg("rect", { x: from, y: y + 1, width: Math.max(1, to - from), height: bar - 2, rx: 1.5 }),
          svg("text", { class: "value", x: to + 5, y: y + bar / 2 + 4 }, formatNumber(value))));
      });
    });
    node.append(svg("path", { class: "axis", d: `M${x.at(0).toFixed(1)} 0V${bottom}` }));
    return [node];
  }
}

class MatrixPanel extends Panel {
  constructor(spec) {
    super(spec);
    this.section.classList.add("matrices");
  }
  content(shown, width) {
    const each = Math.min(460, shown.length > 1 ? Math.max(260, (width - 14 * (shown.length - 1)) / shown.length) : width);
    return [html("div", { class: "matrix-row" }, ...shown.map((one) => this.matrix(one, Math.min(each, width))))];
  }
  matrix({ run, counts }, width) {
    const { columns, rows, normalized } = this.spec;
    const sum = (row) => counts.slice(row * columns.length, (row + 1) * columns.length).reduce((a, b) => a + b, 0);
    const highest = Math.max(1, ...counts);
    const letters = Math.max(...rows.map((name) => [...name].length));
    const left = Math.min(width * 0.35, 34 + letters * 6.4);
    const cell = (width - left - 4) / columns.length;
    const height = Math.max(20, Math.min(cell, 60));
    const bottom = 20 + rows.length * height;
    const node = svg("svg", { viewBox: `0 0 ${width} ${bottom + 40}`, width, height: bottom + 40, role: "img",
      "aria-label": `${this.title}, ${data.runs[run]}: confusion matrix` });
    node.append(svg("text", { class: "run-name", x: left + (width - left) / 2, y: 12 }, shortText(data.runs[run], Math.floor(width / 8))));
    rows.forEach((row, r) => {
      const y = 20 + r * height;
      const all = sum(r);
      node.append(svg("text", { class: "y", x: left - 7, y: y + height / 2 + 4 }, svg("title", {}, row), shortText(row, Math.floor((left - 26) / 6.2))));
      columns.forEach((column, c) => {
        const count = counts[r * columns.length + c];
        const share = normalized ? (all > 0 ? count / all : 0) : count / highest;
        const text = normalized ? share.toFixed(2) : String(count);
        const x = left + c * cell;
        node.append(svg("g", { class: share > 0.5 ? "cell hot" : "cell" },
          svg("title", {}, `${this.spec.yLabel} ${row}, ${this.spec.xLabel} ${column}: ${count}${normalized ? ` of ${all}` : ""}`),
          svg("rect", { x: x + 0.5, y: y + 0.5, width: cell - 1, height: height - 1, "fill-opacity": (0.04 + 0.96 * share).toFixed(3) }),
          ...(cell >= text.length * 6.6 + 4 ? [svg("text", { x: x + cell / 2, y: y + height / 2 + 4 }, text)] : [])));
      });
    });
    node.append(...columns.map((column, c) => svg("text", { x: left + (c + 0.5) * cell, y: bottom + 15 },
      svg("title", {}, column), shortText(column, Math.max(1, Math.floor(cell / 6.6))))),
      svg("text", { x: left + (width - left) / 2, y: bottom + 33 }, this.spec.xLabel),
      svg("text", { x: 11, y: (20 + bottom) / 2, transform: `rotate(-90 11 ${(20 + bottom) / 2})` }, this.spec.yLabel));
    return node;
  }
}

class PicturePanel extends Panel {
  constructor(spec) {
    super(spec);
    this.pictures = new Map(spec.runs.map(({ run, source }) => [run, html("figure", {},
      html("figcaption", {}, swatch(run), html("span", { class: "name" }, data.runs[run])),
      html("img", { src: source, alt: `${spec.title}, ${data.runs[run]}` }))]));
    this.section.classList.add("pictures");
  }
  content(shown) {
    return [html("div", { class: "picture-row" }, ...shown.map(({ run }) => this.pictures.get(run)))];
  }
}

Object.assign(figureKinds, { points: PointsChart, bars: BarPanel, matrix: MatrixPanel, pictures: PicturePanel });
