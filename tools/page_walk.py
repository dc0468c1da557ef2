#!/usr/bin/env python3
"""Walk a report's page with the keyboard alone, and print it: page_walk.py PAGE.html [PDF]

By hand, beside tests/cli/browser.sh (which has no keys): needs PyPI's playwright and the distribution's Chromium.
Prints what each stop of Tab is, whether its focus can be seen, and what Enter, Space, letters and arrows do; ends
with 1 where a stop is off the page, unseen or unnamed, or a key does nothing."""
import sys
from playwright.sync_api import sync_playwright

STOP = """() => {
  const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
  const name = e.getAttribute('aria-label') || (e.labels && e.labels[0] && e.labels[0].textContent) || e.textContent || '';
  return {tag: e.tagName, name: name.trim().replace(/\\s+/g, ' ').slice(0, 60), width: r.width, height: r.height,
          on: r.bottom > 0 && r.top < innerHeight, ring: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0};
}"""


def walk(page, most):
    """The stops of Tab from the top, until it leaves the page or comes back."""
    stops, faults = [], []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop["tag"] == "BODY":
            break
        stops.append(stop)
        if not (stop["width"] and stop["height"] and stop["on"]):
            faults.append(f"off the page: {stop}")
        if not stop["ring"]:
            faults.append(f"focus not seen: {stop}")
        if not stop["name"]:
            faults.append(f"no name: {stop}")
    return stops, faults


def focus(page, selector):
    page.evaluate("s => document.querySelector(s).focus()", selector)


def keys(page):
    """What keys do: pairs of what is asked and whether it came true."""
    found = lambda: page.inner_text("#found")
    done = []
    focus(page, "details:not([open]) > summary")
    before = page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Enter")
    done.append(("Enter opens what is folded", page.evaluate("document.activeElement.parentElement.open") != before))
    page.keyboard.press("Space")
    done.append(("Space folds it again", page.evaluate("document.activeElement.parentElement.open") == before))
    if page.query_selector("#browse input"):
        all_of_them = found()
        focus(page, "#browse input")
        page.keyboard.type("needle", delay=20)
        page.wait_for_timeout(700)
        done.append(("letters search", found() != all_of_them))
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        page.wait_for_timeout(700)
        done.append(("deleting them shows all again", found() == all_of_them))
        focus(page, "#browse select")
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(300)
        done.append(("an arrow filters", found() != all_of_them))
        page.keyboard.press("Home")
        page.wait_for_timeout(300)
    return done


def main():
    path, pdf = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    bad = 0
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 900, "height": 800})
        page.goto("file://" + path)
        stops, faults = walk(page, 400)
        for stop in stops[:40]:
            print(f"  {stop['tag']:8} {stop['name']}")
        print(f"{len(stops)} stops of Tab, {len(faults)} faults")
        for fault in faults[:10]:
            print("  " + fault)
        bad += len(faults)
        for what, came in keys(page):
            print(f"{'ok ' if came else 'BAD'} {what}")
            bad += not came
        if pdf:
            page.pdf(path=pdf, format="A4")
            print(f"printed to {pdf}")
        browser.close()
    return 1 if bad else 0


sys.exit(main())
