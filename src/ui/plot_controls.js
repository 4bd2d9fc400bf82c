"use strict";
// The controls above the charts, and what draws them when they come into sight.

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function buildLegend() {
  const legend = byId("legend");
  legend.setAttribute("aria-label", `${capital(labelNoun)}s`);
  const buttons = data.runs.map((label, run) =>
    html("button", {
      type: "button", class: "run", "aria-pressed": "true", title: label, "data-run": run,
      onclick: () => toggle([run], !state.hidden.has(run)), ondblclick: () => solo(run),
      onpointerenter: () => highlight(run), onpointerleave: () => highlight(null),
    }, swatch(run), html("span", { class: "name" }, label)));
  const toggle = (runs, hide) => {
    for (const run of runs) hide ? state.hidden.add(run) : state.hidden.delete(run);
    buttons.forEach((button, run) => button.setAttribute("aria-pressed", String(!state.hidden.has(run))));
    redrawAll();
  };
  const all = data.runs.map((_, run) => run);
  const solo = (run) => {
    toggle(all, true);
    toggle([run], false);
  };
  const highlight = (run) => {
    for (const line of document.querySelectorAll("[data-run]:not(button)")) {
      line.classList.toggle("faded", run !== null && line.dataset.run !== String(run));
    }
  };
  legend.append(...buttons);
  if (all.length > 2) {
    legend.append(
      html("button", { type: "button", class: "small", onclick: () => toggle(all, false) }, "Show all"),
      html("button", { type: "button", class: "small", onclick: () => toggle(all, true) }, "Hide all"));
  }
}

function buildControls() {
  const checkbox = (id, key) => {
    byId(id).checked = state[key];
    byId(id).addEventListener("change", (event) => {
      state[key] = event.target.checked;
      for (const chart of charts) if (key === "logX") chart.zoom = null;
      redrawAll();
    });
  };
  checkbox("log-y", "logY");
  checkbox("log-x", "logX");

  const slider = byId("smoothing");
  const showSmoothing = () => { byId("smoothing-value").textContent = String(state.smoothing); };
  // A weight that the slider cannot show stays until the slider is moved.
  slider.value = String(state.smoothing);
  showSmoothing();
  slider.addEventListener("input", () => {
    state.smoothing = Number(slider.value);
    showSmoothing();
    redrawAll();
  });

  const search = byId("search");
  search.hidden = charts.length <= 6;
  search.placeholder = `Filter ${figureNoun}s`;
  search.setAttribute("aria-label", search.placeholder);
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const chart of charts) chart.section.hidden = !chart.title.toLowerCase().includes(wanted);
    const left = charts.filter((chart) => !chart.section.hidden).length;
    byId("none").hidden = left > 0;
    byId("none").textContent = `No ${figureNoun} matches “${search.value.trim()}”.`;
    describe(left);
  });
}

function describe(shown) {
  const figures = shown === charts.length ? plural(shown, figureNoun) : `${shown} of ${plural(charts.length, figureNoun)}`;
  byId("summary").textContent = `${plural(data.runs.length, labelNoun)} · ${figures}`;
}

function build() {
  const inSight = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const chart = charts.find((c) => c.section === entry.target);
      entry.isIntersecting ? onScreen.add(chart) : onScreen.delete(chart);
    }
    schedule();
  }, { rootMargin: "400px" });
  const widths = new ResizeObserver((entries) => {
    for (const entry of entries) charts.find((c) => c.plot === entry.target).resized();
    schedule();
  });
  data.charts.forEach((spec, index) => {
    const chart = new figureKinds[spec.kind ?? "lines"](spec, index);
    charts.push(chart);
    byId("charts").append(chart.section);
    inSight.observe(chart.section);
    widths.observe(chart.plot);
  });
  byId("charts").classList.toggle("single", charts.length === 1);
  window.addEventListener("beforeprint", () => drawDirty(charts));

  describe(charts.length);
  byId("none").hidden = charts.length > 0;
  byId("none").textContent = `There are no ${figureNoun}s to show.`;
  byId("toolbar").hidden = charts.length === 0;
  const curves = charts.some((chart) => chart instanceof Chart);
  byId("help").hidden = !curves;
  for (const control of document.querySelectorAll(".controls label")) control.hidden = !curves;
  byId("help-alone").textContent = `Double-click a ${labelNoun} to see it alone.`;
  buildLegend();
  buildControls();
}

build();
