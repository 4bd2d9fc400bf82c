#!/usr/bin/env python3
"""Drives a plot page in a real browser: plot_page_test.py PAGE.html [--browser PATH]

The page must hold at least two runs in its first chart. Exits 1 with a list of what is wrong.
"""
from page_driver import check, eventually, opened, settle


def first_chart(page):
    chart = page.locator("section.chart").first
    chart.scroll_into_view_if_needed()
    settle(page)
    return chart, chart.locator(".plot > svg")


def check_drawing(page, data):
    check(page.locator("section.chart").count() == len(data["charts"]), "one chart per metric")
    chart, _ = first_chart(page)
    curves = data["charts"][0]["curves"]
    check(chart.locator("g.line").count() == len(curves), "one line per run")
    drawn = chart.locator("g.line").evaluate_all(
        "lines => lines.every(l => l.querySelector('circle') || l.firstChild.getAttribute('d'))")
    check(drawn, "every line has points")
    rows = chart.locator(".values tbody tr")
    check(rows.count() == len(curves), "one table row per run")
    titles = [section.locator("h2").text_content() for section in page.locator("section.chart").all()]
    check(titles == [c["title"] for c in data["charts"]], "titles are shown as they are")
    labels = [button.locator(".name").text_content() for button in page.locator("button.run").all()]
    check(labels == data["runs"], "run names are shown as they are")


def check_hover(page, data):
    chart, svg = first_chart(page)
    box = svg.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.4)
    readout = chart.locator(".readout")
    check(readout.is_visible(), "hovering shows the read-out")
    check(readout.locator("tr").count() == len(data["charts"][0]["curves"]), "it lists every run")
    check(readout.locator(".at").text_content().startswith(data["charts"][0]["xLabel"]), "and the x value")
    check(chart.locator(".cursor path").count() == 1, "a crosshair is drawn")
    inside = page.evaluate("""() => {
        const [a, b] = ['.readout', '.plot'].map(s => document.querySelector(s).getBoundingClientRect());
        return a.left >= b.left - 1 && a.right <= b.right + 1 }""")
    check(inside, "the read-out stays inside the chart")
    page.mouse.move(2, 2)
    check(not readout.is_visible(), "leaving hides it")


def check_keyboard(page):
    chart, svg = first_chart(page)
    svg.focus()
    page.keyboard.press("Home")
    first = chart.locator(".readout .at").text_content()
    page.keyboard.press("ArrowRight")
    second = chart.locator(".readout .at").text_content()
    check(first != second, "arrow keys walk along the points")
    page.keyboard.press("+")
    settle(page)
    check(chart.get_by_text("Reset zoom").is_visible(), "+ zooms")
    page.keyboard.press("0")
    settle(page)
    check(not chart.get_by_text("Reset zoom").is_visible(), "0 resets")
    page.keyboard.press("Escape")


def check_toggle(page, data):
    chart, _ = first_chart(page)
    lines = chart.locator("g.line")
    before = lines.count()
    button = page.locator("button.run").first
    button.click()
    settle(page)
    check(lines.count() == before - 1, "a click in the legend hides a run")
    check(button.get_attribute("aria-pressed") == "false", "and says so")
    last = page.locator("section.chart").last
    last.scroll_into_view_if_needed()
    expected = sum(curve["run"] == 0 for curve in data["charts"][-1]["curves"])
    check(eventually(page, lambda: last.locator("tr.off").count() == expected), "in every chart")
    button.click()
    first_chart(page)
    check(eventually(page, lambda: lines.count() == before), "another click shows it again")
    button.dblclick()
    settle(page)
    check(lines.count() == 1, "a double click shows one run alone")
    hidden = page.locator('button.run[aria-pressed="false"]')
    while hidden.count() > 0:
        hidden.first.click()
    settle(page)
    check(lines.count() == before, "and all come back")


def check_log_axes(page):
    chart, _ = first_chart(page)
    path = chart.locator("g.line > path").first
    for box in ("log-y", "log-x"):
        linear = path.get_attribute("d")
        page.locator("#" + box).check()
        settle(page)
        check(chart.locator("g.line > path").first.get_attribute("d") != linear, box + " changes the curve")
        page.locator("#" + box).uncheck()
        settle(page)
        check(chart.locator("g.line > path").first.get_attribute("d") == linear, box + " can be undone")


def check_smoothing(page):
    chart, _ = first_chart(page)
    rough = chart.locator("g.line > path").first.get_attribute("d")
    page.locator("#smoothing").evaluate(
        "slider => { slider.value = '0.9'; slider.dispatchEvent(new Event('input')) }")
    settle(page)
    check(page.locator("#smoothing-value").text_content() == "0.9", "the smoothing weight is shown")
    check(chart.locator("g.line > path").first.get_attribute("d") != rough, "smoothing changes the curve")
    check(chart.locator("g.raw").count() == chart.locator("g.line").count(), "the raw curves stay behind")
    # TensorBoard's formula, written down once more.
    agrees = page.evaluate("""() => {
        const y = [3, NaN, 1, 4, Infinity, 1.5], weight = 0.9;
        const got = smoothed(Float64Array.from(y), weight);
        let last = 0, n = 0;
        return y.every((v, i) => {
          if (!Number.isFinite(v)) return Object.is(got[i], v);
          last = last * weight + (1 - weight) * v; n += 1;
          return Math.abs(got[i] - last / (1 - weight ** n)) < 1e-12; }) }""")
    check(agrees, "smoothing is TensorBoard's debiased mean")
    page.locator("#smoothing").evaluate(
        "slider => { slider.value = '0'; slider.dispatchEvent(new Event('input')) }")
    settle(page)


def check_zoom(page):
    chart, svg = first_chart(page)
    ticks = lambda: chart.locator(".axes text").all_text_contents()
    before = ticks()
    box = svg.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, y, steps=4)
    check(chart.locator(".selection").is_visible(), "dragging marks a range")
    page.mouse.up()
    settle(page)
    check(ticks() != before, "and zooms into it")
    page.mouse.dblclick(box["x"] + box["width"] * 0.5, y)
    settle(page)
    check(ticks() == before, "a double click resets")


def check_search(page, data):
    search = page.locator("#search")
    check(search.is_visible() == (len(data["charts"]) > 6), "many metrics bring a search box")
    if search.is_visible():
        search.fill("no metric has this name")
        check(page.locator("section.chart:visible").count() == 0, "the search hides charts")
        check(page.locator("#none").is_visible(), "and says when nothing is left")
        search.fill("")
        check(page.locator("section.chart:visible").count() == len(data["charts"]), "all charts return")


with opened() as (page, data):
    check_drawing(page, data)
    check_hover(page, data)
    check_keyboard(page)
    check_toggle(page, data)
    check_log_axes(page)
    check_smoothing(page)
    check_zoom(page)
    check_search(page, data)
