"""A page of mlopsctl in a real browser: what the tests of all pages have in common.

Needs the PyPI package playwright and a Chromium.
"""

import argparse
import contextlib
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


def eventually(page, condition):
    """What is out of sight is drawn when it comes into sight, which the browser tells late."""
    for _ in range(50):
        if condition():
            return True
        page.wait_for_timeout(50)
    return False


@contextlib.contextmanager
def opened(pictures=0):
    """Yields the page named on the command line and its data; what every page must keep to is
    checked behind, and the program ends with 1 if anything was wrong. `pictures`: images it has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    address = arguments.page.resolve().as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.browser, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        errors, requests = [], []
        page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.on("dialog", lambda d: (errors.append("dialog"), d.dismiss()))
        page.on("request", lambda r: requests.append(r.url))
        page.goto(address)
        settle(page)
        yield page, json.loads(page.locator("#data").text_content())
        for width in (400, 1800):
            page.set_viewport_size({"width": width, "height": 900})
            settle(page)
            wide = page.evaluate("() => document.documentElement.scrollWidth")
            check(wide <= width, f"nothing sticks out at {width} pixels")
        foreign = page.evaluate("() => document.querySelectorAll('img, iframe, object, link').length")
        check(foreign == pictures and page.evaluate("() => window.pwned") is None, "names are inert")
        check(not errors, "no console messages " + "; ".join(errors[:3]))
        blocked = page.evaluate("""() => { const script = document.createElement('script');
            script.textContent = 'window.injected = 1'; document.body.append(script);
            return window.injected === undefined }""")
        check(blocked, "the content security policy refuses other scripts")
        outside = [url for url in requests if url != address and not url.startswith("data:")]
        check(not outside, f"nothing else is loaded {outside[:3]}")
        browser.close()
    sys.exit(1 if failures else 0)
