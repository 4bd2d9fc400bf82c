#!/usr/bin/env python3
"""Drives the page of a drift check in a real browser: drift_page_test.py PAGE.html [--browser PATH]

Needs the PyPI package playwright and a Chromium. Exits 1 with a list of what is wrong.
"""
import argparse
import json
import pathlib
import sys

from playwright.sync_api import sync_playwright

failures = []


def check(condition, what):
    print(("ok   " if condition else "FAIL ") + what)
    if not condition:
        failures.append(what)


def settle(page):
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.browser, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        errors, requests = [], []
        page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.on("request", lambda r: requests.append(r.url))
        page.goto(arguments.page.resolve().as_uri())
        settle(page)
        data = json.loads(page.locator("#data").text_content())
        check_table(page, data)
        check_filters(page, data)
        check_details(page, data)
        check_theme(page)
        for width in (400, 1800):
            page.set_viewport_size({"width": width, "height": 900})
            settle(page)
            wide = page.evaluate("() => document.documentElement.scrollWidth")
            check(wide <= width, f"nothing sticks out at {width} pixels")
        check(page.evaluate("() => document.querySelectorAll('img, iframe, object, link').length") == 0, "names are inert")
        check(requests == [arguments.page.resolve().as_uri()], "nothing else is loaded")
        check(errors == [], f"no console message {errors}")
        browser.close()
    if failures:
        sys.exit("wrong: " + "; ".join(failures))


main()
