#!/usr/bin/env python3
"""Drives the page of a drift check in a real browser: drift_page_test.py PAGE.html [--browser PATH]

Exits 1 with a list of what is wrong.
"""
from page_driver import check, opened, settle


def names(page):
    return page.locator("tr.row").evaluate_all("rows => rows.map(row => row.feature.name)")


def check_table(page, data):
    page.wait_for_function("count => document.querySelectorAll('tr.row').length === count",
                           arg=min(2000, len(data["features"])))
    check(names(page) == [feature[0] for feature in data["features"]][:2000], "worst first, names as they are")
    head = page.locator("#columns th[data-key=name]")
    head.locator("button").click()
    check(head.get_attribute("aria-sort") == "ascending", "a heading sorts")
    ascending = names(page)
    head.locator("button").click()
    check(names(page) == ascending[::-1], "and sorts the other way")
    head.locator("button").click()
    check(head.get_attribute("aria-sort") is None, "and goes back to worst first")


def check_filters(page, data):
    wanted = data["features"][-1][0]
    page.keyboard.press("/")
    page.keyboard.type(wanted[:3])
    check(all(wanted[:3].lower() in name.lower() for name in names(page)), "/ searches")
    page.keyboard.press("Escape")
    page.locator("#search").fill("no feature has this name")
    check(page.locator("#none").is_visible() and not names(page), "nothing left is said")
    page.locator("#search").fill("")
    chip = page.locator("#verdicts button").first
    chip.click()
    verdicts = set(page.locator("tr.row .pill").all_text_contents())
    check(len(verdicts) == 1 and chip.get_attribute("aria-pressed") == "true", "a chip shows one verdict")
    chip.click()


def check_details(page, data):
    page.locator("tr.row button").first.focus()
    page.keyboard.press("Enter")
    settle(page)
    detail = page.locator("tr.detail").first
    check(detail.is_visible(), "Enter opens a feature")
    check(detail.locator("svg.chart").count() >= 1, "with pictures")
    drawn = detail.locator("svg.chart").evaluate_all("all => all.every(one => one.querySelector('path, rect'))")
    check(drawn, "that are drawn")
    check(detail.locator("table.tests tbody tr").count() == len(data["features"][0][6]), "and every test")
    box = detail.locator("svg.chart").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30)
    check(detail.locator(".readout").first.is_visible(), "pointing reads a picture")
    page.mouse.move(2, 2)
    first = page.locator("tr.row button").first
    first.focus()
    page.keyboard.press("ArrowDown")
    focused = page.evaluate("() => document.activeElement.closest('tr').feature.name")
    check(len(data["features"]) < 2 or focused == data["features"][1][0], "arrows walk along the features")
    page.locator("#collapse").click()
    check(page.locator("tr.detail").count() == 0, "and all can be closed")


def check_theme(page):
    colour = "() => getComputedStyle(document.body).backgroundColor"
    seen = set()
    for _ in range(3):
        page.locator("#theme").click()
        seen.add(page.evaluate(colour))
    check(len(seen) == 2, "light and dark can be chosen")


with opened() as (page, data):
    check_table(page, data)
    check_filters(page, data)
    check_details(page, data)
    check_theme(page)
