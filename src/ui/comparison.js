"use strict";
// The table of features: sorted, searched and filtered, a row opens its pictures.

const data = JSON.parse(byId("data").textContent);
const features = data.features.map(([name, kind, verdict, psi, effect, direction, tests, reference, current, warnings, picture], rank) => {
  const real = (value) => (value === null ? NaN : Number(value));
  const [, , m1, s1] = reference;
  const m2 = current[2];
  const share = ([rows, missing]) => (rows + missing > 0 ? missing / (rows + missing) : 0);
  return {
    name, rank, direction, tests, reference, current, warnings, picture,
    kind: data.kinds[kind], verdict: data.verdicts[verdict][0], tone: data.verdicts[verdict][1],
    psi: real(psi), effect: real(effect),
    shift: m1 === null || m2 === null || !(s1 > 0) ? NaN : (m2 - m1) / s1,
    missing: [share(reference), share(current)],
    statistic: tests.length > 0 ? real(tests[0][1]) : NaN,
    p: tests.length > 0 && tests[0][2] !== null ? real(tests[0][2]) : NaN,
  };
});
const byName = new Map(features.map((feature) => [feature.name, feature]));
const toneOrder = ["bad", "warning", "unknown", "good"];
const several = new Set(features.filter((f) => f.tests.length > 0).map((f) => data.tests[f.tests[0][0]][0])).size > 1;
const anyMissing = features.some((f) => f.missing.some((share) => share > 0));
const severalKinds = data.kinds.length > 1;

const cell = (text, title) => html("td", { class: text === "–" ? "number none" : "number", title: title ?? false }, text);
const number = (value) => (Number.isNaN(value) ? "–" : short(value));
const columns = [
  { key: "name", label: "Feature", first: 1, value: (f) => f.name, cell: nameCell },
  { key: "kind", label: "Type", first: 1, when: severalKinds, away: "narrow-away", value: (f) => f.kind, cell: (f) => html("td", { class: "muted" }, f.kind) },
  { key: "verdict", label: "Verdict", first: 1, value: (f) => toneOrder.indexOf(f.tone), cell: (f) => html("td", {}, html("span", { class: `pill ${f.tone}` }, f.verdict)) },
  { key: "picture", label: "Distribution", away: "small-away", cell: (f) => html("td", {}, sparkline(f.picture && f.picture[0])) },
  { key: "effect", label: "Effect", first: -1, away: "small-away", value: (f) => f.effect, title: "The deciding value over its threshold: more than 1, beyond the mark, is drift",
    cell: (f) => html("td", { title: `${number(f.effect)} times the threshold` }, gauge(f.effect, f.tone)) },
  { key: "psi", label: "PSI", first: -1, number: true, value: (f) => f.psi, title: "Population stability index", cell: (f) => cell(number(f.psi), Number.isNaN(f.psi) ? undefined : String(f.psi)) },
  { key: "test", label: "Test", first: 1, when: several, away: "narrow-away", value: (f) => (f.tests.length ? data.tests[f.tests[0][0]][0] : ""),
    cell: (f) => html("td", { class: "muted" }, f.tests.length ? data.tests[f.tests[0][0]][0] : "–") },
  { key: "statistic", label: "Statistic", first: -1, number: true, away: "small-away", value: (f) => f.statistic, cell: (f) => cell(number(f.statistic)) },
  { key: "p", label: "p", first: 1, number: true, away: "small-away", value: (f) => f.p, cell: (f) => cell(Number.isNaN(f.p) ? "–" : pValue(f.p)) },
  { key: "shift", label: "Shift", first: -1, number: true, away: "narrow-away", value: (f) => Math.abs(f.shift), title: "Difference of the means in deviations of the reference", cell: shiftCell },
  { key: "missing", label: "Missing", first: -1, number: true, when: anyMissing, away: "narrow-away", value: (f) => Math.abs(f.missing[1] - f.missing[0]), title: "Missing values: reference → current", cell: missingCell },
].filter((column) => column.when !== false);

function nameCell(feature) {
  const flag = feature.warnings.length > 0 ? [html("span", { class: "flag", title: feature.warnings.join("\n"), "aria-label": "has remarks" }, "⚠")] : [];
  return html("td", { class: "name" }, html("button", { type: "button", "aria-expanded": "false", title: feature.name },
    html("span", {}, feature.name === "" ? "(no name)" : feature.name), ...flag));
}
function shiftCell(feature) {
  if (Number.isNaN(feature.shift)) return cell("–");
  const text = Math.abs(feature.shift) < 0.005 ? "0" : `${feature.shift > 0 ? "+" : "−"}${Math.abs(feature.shift).toFixed(2)}`;
  return cell(`${text} σ`, `mean ${short(feature.reference[2])} → ${short(feature.current[2])}`);
}
function missingCell(feature) {
  const [a, b] = feature.missing;
  if (a === 0 && b === 0) return cell("–");
  const node = cell(`${percent(a)} → ${percent(b)}`);
  node.classList.toggle("strong", Math.abs(a - b) > 0.01);
  return node;
}

const state = { sort: null, down: false, search: "", kind: "", verdicts: new Set(), warned: false, shown: [], have: 0 };
const [first, chunk, most] = [50, 250, 2000]; // rows at once, then while idle, then as one scrolls

function rowOf(feature) {
  if (feature.row) return feature.row;
  feature.row = html("tr", { class: "row" }, ...columns.map((column) => {
    const node = column.cell(feature);
    if (column.away) node.classList.add(column.away);
    return node;
  }));
  feature.row.feature = feature;
  feature.row.addEventListener("click", (event) => {
    if (event.target.closest("button") || !String(window.getSelection())) setOpen(feature, !feature.open);
  });
  return feature.row;
}

function setOpen(feature, open) {
  feature.open = open;
  const row = rowOf(feature);
  row.classList.toggle("open", open);
  row.querySelector("button").setAttribute("aria-expanded", String(open));
  if (open) {
    feature.detail ??= html("tr", { class: "detail" }, html("td", { colspan: columns.length }, ...detailOf(feature)));
    row.after(feature.detail);
  } else {
    feature.detail?.remove();
  }
  byId("collapse").hidden = !features.some((f) => f.open);
}

function detailOf(feature) {
  const panels = html("div", { class: "panels" });
  if (feature.picture) {
    const [histogram, functions, time] = feature.picture;
    const whole = feature.kind === "integer" || feature.kind === "boolean";
    if (histogram) panels.append((histogram[1] ? new CategoryPanel(histogram) : new HistogramPanel(histogram, whole)).node);
    if (functions) panels.append(new FunctionPanel(functions, whole && functions[2].length <= 180).node);
    panels.append(numbersOf(feature));
    if (time) panels.append(new TimePanel(time, feature.reference).node);
  } else {
    panels.append(numbersOf(feature));
  }
  const warnings = feature.warnings.map((text) => html("li", {}, html("span", { class: "pill warning" }, "mind"), text));
  return warnings.length > 0 ? [html("ul", { class: "warnings" }, ...warnings), panels] : [panels];
}

function testTable(tests) {
  const rows = tests.map((test) => {
    const [index, statistic, p, bad, decides] = test;
    const [name, threshold, below] = data.tests[index];
    return html("tr", {}, html("th", { scope: "row", class: decides ? "strong" : "", title: decides ? "decides" : "shown beside" }, name), html("td", {}, number(statistic ?? NaN)), html("td", {}, pValue(p)),
      html("td", {}, `${below ? "p < " : "≥ "}${short(threshold)}`), html("td", {}, gauge(testRatio(test), bad ? "bad" : "good", 56)));
  });
  const head = ["Test", "Statistic", "p", "Drift if", ""].map((label) => html("th", { scope: "col" }, label));
  return html("table", { class: "tests" }, html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...rows));
}

function numbersOf(feature) {
  const [a, b] = [feature.reference, feature.current];
  const value = (v) => (v === null ? "–" : short(Number(v)));
  const line = (label, i, text = value) => html("tr", {}, html("th", { scope: "row" }, label), html("td", {}, text(a[i])), html("td", {}, text(b[i])));
  const rows = [line("Values", 0, count), line("Missing", 1, count)];
  if (a[2] !== null || b[2] !== null) rows.push(line("Mean", 2), line("Deviation", 3), line("Least", 4), line("Largest", 5));
  const head = ["", "Reference", "Current"].map((label) => html("th", { scope: "col" }, label));
  const table = html("table", {}, html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...rows));
  const node = html("div", { class: "panel scroll" }, html("h3", {}, "Numbers"), table);
  if (feature.tests.length > 0) node.append(testTable(feature.tests));
  if (!feature.picture) node.prepend(html("p", { class: "muted" }, "Pictures of the worst features only: the page would be too large."));
  return node;
}

function matcher(text) {
  const wanted = text.trim().toLowerCase();
  if (!/[*?]/.test(wanted)) return (name) => name.toLowerCase().includes(wanted);
  const pattern = wanted.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
  const whole = new RegExp(`^${pattern}$`, "su");
  return (name) => whole.test(name.toLowerCase());
}

const collator = new Intl.Collator("en", { numeric: true });
function compare(column, down) {
  return (a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    if (typeof x === "string") return (collator.compare(x, y) || a.rank - b.rank) * (down ? -1 : 1);
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || a.rank - b.rank;
    return (x - y) * (down ? -1 : 1) || a.rank - b.rank;
  };
}

function update() {
  const matches = matcher(state.search);
  state.shown = features.filter((f) => matches(f.name) && (state.kind === "" || f.kind === state.kind)
    && (state.verdicts.size === 0 || state.verdicts.has(f.verdict)) && (!state.warned || f.warnings.length > 0));
  const column = columns.find((c) => c.key === state.sort);
  if (column) state.shown.sort(compare(column, state.down));
  for (const head of byId("columns").querySelectorAll("th")) {
    if (column && head.dataset.key === column.key) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
  byId("rows").replaceChildren();
  showMore(first);
  fillUp();
  const all = features.length;
  byId("count").textContent = state.shown.length === all ? `${count(all)} features` : `${count(state.shown.length)} of ${count(all)} features`;
  byId("none").hidden = state.shown.length > 0;
}

/** Adds the next rows. */
function showMore(many = chunk) {
  const rows = byId("rows");
  if (many === first) state.have = 0;
  const next = state.shown.slice(state.have, state.have + many);
  state.have += next.length;
  rows.append(...next.flatMap((f) => (f.open ? [rowOf(f), f.detail] : [rowOf(f)])));
}

let filling = 0;
function fillUp() {
  clearTimeout(filling);
  if (state.have >= Math.min(most, state.shown.length)) return;
  filling = setTimeout(() => {
    showMore();
    fillUp();
  });
}

function buildHead() {
  const row = html("tr");
  for (const column of columns) {
    const head = html("th", { scope: "col", class: `${column.away ?? ""} ${column.number ? "number" : ""}`, "data-key": column.key, title: column.title ?? false });
    if (column.first) {
      head.append(html("button", { type: "button", onclick: () => {
        if (state.sort !== column.key) [state.sort, state.down] = [column.key, column.first < 0];
        else if (state.down === column.first < 0) state.down = !state.down;
        else state.sort = null; // back to worst first
        update();
      } }, column.label));
    } else head.append(html("span", {}, column.label));
    row.append(head);
  }
  byId("columns").append(row);
}

function buildFilters() {
  const chip = (label, tone, toggle) => {
    const button = html("button", { type: "button", class: tone, "aria-pressed": "false" }, label);
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(toggle()));
      update();
    });
    return button;
  };
  const flip = (set, value) => (set.delete(value) ? false : Boolean(set.add(value)));
  const known = [...data.verdicts].sort((a, b) => toneOrder.indexOf(a[1]) - toneOrder.indexOf(b[1]));
  for (const [verdict, tone] of known) {
    const many = features.filter((f) => f.verdict === verdict).length;
    byId("verdicts").append(chip(`${verdict} ${count(many)}`, tone, () => flip(state.verdicts, verdict)));
  }
  const warned = features.filter((f) => f.warnings.length > 0).length;
  if (warned > 0) byId("verdicts").append(chip(`⚠ ${count(warned)}`, "warning", () => (state.warned = !state.warned)));
  const kind = byId("kind");
  kind.hidden = !severalKinds;
  kind.append(html("option", { value: "" }, "all types"), ...data.kinds.map((name) => html("option", { value: name }, name)));
  kind.addEventListener("change", () => { state.kind = kind.value; update(); });
  byId("search").addEventListener("input", () => { state.search = byId("search").value; update(); });
  byId("collapse").addEventListener("click", () => features.filter((f) => f.open).forEach((f) => setOpen(f, false)));
}

/** Makes a feature visible, whatever the filters, and opens it. */
function goTo(feature) {
  if (!state.shown.includes(feature)) {
    Object.assign(state, { search: "", kind: "", warned: false });
    state.verdicts.clear();
    byId("search").value = byId("kind").value = "";
    for (const button of byId("verdicts").children) button.setAttribute("aria-pressed", "false");
    update();
  }
  while (!rowOf(feature).isConnected) showMore();
  setOpen(feature, true);
  feature.row.scrollIntoView({ block: "center" });
  feature.row.querySelector("button").focus({ preventScroll: true });
}

function buildRemarks() {
  const items = data.remarks.map(([severity, kind, name, message]) => {
    const feature = byName.get(name);
    const link = feature ? [html("button", { type: "button", class: "link", onclick: () => goTo(feature) }, name), " "] : name === "" ? [] : [`${name} `];
    return html("li", {}, html("span", { class: `pill ${severity}` }, kind), html("span", {}, ...link, message));
  });
  byId("remarks").hidden = items.length === 0;
  byId("remarks").append(html("h2", {}, `Findings (${count(items.length)})`), html("ul", { class: items.length > 8 ? "long" : "" }, ...items));
  byId("whole").hidden = data.whole.length + data.tallies.length === 0;
  if (data.whole.length > 0) byId("whole").append(html("h2", {}, "All features together"), html("div", { class: "scroll" }, testTable(data.whole)));
  if (data.tallies.length > 0) byId("whole").append(html("h2", {}, "How many features each test finds"), html("div", { class: "scroll" }, tallyTable()));
}

function tallyTable() {
  const rows = data.tallies.map(([name, tested, bad, corrected, expected]) => html("tr", {}, html("th", { scope: "row" }, name),
    ...[`${count(bad)} of ${count(tested)}`, expected === null ? "–" : `about ${short(expected)}`, expected === null ? "–" : count(corrected)].map((text) => html("td", {}, text))));
  const head = ["Test", "Drifted", "Expected by chance", "After correction"].map((label) => html("th", { scope: "col" }, label));
  return html("table", {}, html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...rows));
}

function buildShare() {
  const [bad, tested, limit] = data.share;
  if (tested === 0) return;
  const [width, share] = [400, bad / tested];
  const node = byId("share");
  node.hidden = false;
  const picture = svg("svg", { class: "bad", viewBox: `0 0 ${width} 26`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "track", y: 9, width, height: 9 }), svg("rect", { class: "tone", y: 9, width: Math.max(bad > 0 ? 2 : 0, width * share), height: 9 }));
  if (limit > 0 && limit < 1) picture.append(svg("path", { class: "limit", d: `M${limit * width} 4V23` }));
  const text = limit > 0 ? `Drifted features: ${percent(share)}, the line is at ${percent(limit)}` : `Drifted features: ${percent(share)}`;
  node.append(html("span", { class: "label" }, text), picture);
}

function buildTheme() {
  const button = byId("theme");
  const themes = ["auto", "light", "dark"];
  const remember = (theme) => { try { localStorage.setItem("mlopsctl-theme", theme); } catch { /* a page from a file may not */ } };
  const recall = () => { try { return localStorage.getItem("mlopsctl-theme"); } catch { return null; } };
  const show = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = { auto: "◐ auto", light: "☀ light", dark: "☾ dark" }[theme];
    button.title = "Light, dark, or as the system has it";
  };
  let now = themes.includes(recall()) ? recall() : "auto";
  show(now);
  button.hidden = false;
  button.addEventListener("click", () => {
    now = themes[(themes.indexOf(now) + 1) % 3];
    remember(now);
    show(now);
  });
}

function buildKeys() {
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !typing) {
      event.preventDefault();
      byId("search").focus();
    } else if (event.key === "Escape" && event.target.id === "search") {
      byId("search").value = state.search = "";
      update();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && (!typing || event.target.id === "search")) {
      const at = event.target.closest?.(".row")?.feature;
      if (!at && event.target.id !== "search") return;
      const next = state.shown[at ? state.shown.indexOf(at) + (event.key === "ArrowDown" ? 1 : -1) : 0];
      if (!next) return;
      event.preventDefault();
      while (!rowOf(next).isConnected) showMore();
      next.row.querySelector("button").focus({ preventScroll: true });
      next.row.scrollIntoView({ block: "nearest" });
    }
  });
}

function build() {
  buildTheme();
  buildShare();
  buildRemarks();
  buildHead();
  buildFilters();
  update();
  buildKeys();
  byId("features").hidden = byId("help").hidden = features.length === 0;
  buildGlance();
  const bar = document.querySelector(".toolbar");
  new ResizeObserver(() => document.documentElement.style.setProperty("--bar", `${bar.offsetHeight}px`)).observe(bar);
  new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && showMore(), { rootMargin: "1500px" }).observe(byId("help"));
}

/** All features in one picture, worst first: how many, how far beyond the threshold. */
function buildGlance() {
  if (features.length < 12) return;
  const card = byId("glance");
  card.hidden = false;
  const ranked = [...features].sort((a, b) => (Number.isNaN(a.effect) - Number.isNaN(b.effect)) || b.effect - a.effect);
  const picture = svg("svg", { role: "img", "aria-label": "Effect of every feature over its threshold, worst first" });
  const readout = html("div", { class: "readout", hidden: "" });
  card.append(html("h2", {}, "All features, worst first"), picture, readout);
  const effects = ranked.map((f) => f.effect).filter((e) => e > 0);
  const high = Math.max(2, ...effects);
  const low = Math.max(high / 1e4, Math.min(0.1, ...effects.slice(-1)));
  let width = 0;
  const [height, left] = [120, 46];
  const draw = () => {
    width = picture.getBoundingClientRect().width;
    if (width === 0) return;
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.setAttribute("height", height);
    const y = makeScale(low, high, height - 6, 8, true, 3, false);
    const each = (width - left) / ranked.length;
    const paths = {};
    ranked.forEach((f, i) => {
      const top = f.effect > low ? y.at(Math.min(f.effect, high)) : height - 7.5;
      paths[f.tone] = `${paths[f.tone] ?? ""}M${(left + i * each).toFixed(2)} ${height - 6}V${top.toFixed(1)}h${Math.max(each - (each > 3 ? 1 : 0), 0.4).toFixed(2)}V${height - 6}z`;
    });
    const bars = Object.entries(paths).map(([tone, d]) => svg("path", { class: `${tone} tone`, d }));
    picture.replaceChildren(
      svg("path", { class: "grid", d: y.ticks.map((t) => `M${left} ${y.at(t)}H${width}`).join("") }),
      ...y.ticks.map((t, i) => svg("text", { class: "end", x: left - 6, y: y.at(t) + 4 }, `${y.labels[i]}×`)),
      ...bars, svg("path", { class: "limit", d: `M${left} ${y.at(1)}H${width}`, "stroke-dasharray": "4 3" }),
      svg("text", { class: "end value", x: width - 4, y: y.at(1) - 5 }, "threshold"));
  };
  const under = (event) => {
    const x = event.clientX - picture.getBoundingClientRect().left;
    return ranked[Math.floor(((x - left) / (width - left)) * ranked.length)];
  };
  picture.addEventListener("pointermove", (event) => {
    const f = under(event);
    readout.hidden = !f;
    if (!f) return;
    readout.replaceChildren(html("div", {}, f.name), html("div", {}, `${f.verdict}, ${number(f.effect)} × threshold, PSI ${number(f.psi)}`));
    const x = event.clientX - card.getBoundingClientRect().left;
    readout.style.left = `${Math.max(4, Math.min(x + 12, card.clientWidth - readout.offsetWidth - 4))}px`;
    readout.style.top = "40px";
  });
  picture.addEventListener("pointerleave", () => { readout.hidden = true; });
  picture.addEventListener("click", (event) => { const f = under(event); if (f) goTo(f); });
  new ResizeObserver(draw).observe(picture);
}

build();
