#!/usr/bin/env python3
"""Drives a page with every kind of figure in a real browser: plots_page_test.py PAGE.html

Exits 1 with a list of what is wrong.
"""
from page_driver import check, eventually, opened, settle


def figure(page, title):
    section = page.locator("section.chart").filter(has=page.locator("h2", has_text=title)).first
    section.scroll_into_view_if_needed()
    check(eventually(page, lambda: section.locator("svg, img").count() > 0), f"{title} is drawn")
    return section


def check_curves(page):
    both = figure(page, "both")
    check(both.locator("g.line").count() == 4 and both.locator("g.raw").count() == 4,
          "two fields of two revisions, smoothed over the raw ones")
    looks = both.locator("g.line").evaluate_all("lines => new Set(lines.map(l => l.className.baseVal)).size")
    check(looks == 4, "all look different")
    names = both.locator(".values .name").all_text_contents()
    check(names == ["workspace · loss", "workspace · acc", "HEAD · loss", "HEAD · acc"], f"and are named {names}")
    line = page.evaluate("""() => {
        const x = Float64Array.from({ length: 30 }, (_, i) => i), y = x.map((v) => 3 * v - 7);
        y[4] = NaN;
        return loess(x, y, 0.3).every((v, i) => i === 4 ? Number.isNaN(v) : Math.abs(v - y[i]) < 1e-9) }""")
    check(line, "local regression leaves a straight line as it is")


def check_cloud(page):
    cloud = figure(page, "cloud.csv")
    check(cloud.locator("g.points circle").count() == 100, "every point is there")
    circle = cloud.locator("g.points circle").first.bounding_box()
    page.mouse.move(circle["x"] + circle["width"] / 2, circle["y"] + circle["height"] / 2)
    check(cloud.locator(".readout tr").count() == 1, "the point under the pointer is read")
    page.mouse.move(2, 2)


def check_matrices(page, data):
    spec = next(chart for chart in data["charts"] if chart["title"] == "classes.csv")
    matrix = figure(page, "classes.csv")
    check(matrix.locator("svg").count() == 2, "one matrix a revision")
    cells = matrix.locator("svg").first.locator("g.cell text").all_text_contents()
    check(cells == [str(count) for count in spec["runs"][0]["counts"]], "with its counts")
    shares = figure(page, "shares").locator("svg").first.locator("g.cell text").all_text_contents()
    size = len(spec["columns"])
    rows = [sum(map(float, shares[i:i + size])) for i in range(0, len(shares), size)]
    check(all(abs(row - 1) < 0.02 for row in rows), "normalized rows add up to 1")


def check_bars(page):
    bars = figure(page, "bars.json")
    values = bars.locator("g.bar text.value").all_text_contents()
    check(values == ["2", "1", "-2", "-2"], f"bars by category, then revision: {values}")


def check_pictures(page):
    pictures = figure(page, "picture.svg").locator("img")
    loaded = pictures.evaluate_all("all => all.map(one => one.complete && one.naturalWidth)")
    check(loaded == [90, 90], "both pictures are inside the page")


def check_toggle(page):
    button = page.locator("button.run").first
    button.click()
    settle(page)
    for title, what, count in (("bars.json", "g.bar", 2), ("classes.csv", "svg", 1), ("picture.svg", "img", 1)):
        shown = figure(page, title).locator(what)
        check(eventually(page, lambda: shown.count() == count), f"a hidden revision is gone from {title}")
    button.click()
    settle(page)
    picture = figure(page, "picture.svg")
    check(eventually(page, lambda: picture.locator("img").count() == 2), "and comes back")


with opened(pictures=2) as (page, data):
    check(page.locator("#summary").text_content() == "2 revisions · 7 plots", "the summary counts")
    check_curves(page)
    check_cloud(page)
    check_matrices(page, data)
    check_bars(page)
    check_pictures(page)
    check_toggle(page)
