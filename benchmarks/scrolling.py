"""A gallery of 1,000 artifacts, scrolled to its end in Chromium.

    python -m benchmarks.scrolling                    # grid
    python -m benchmarks.scrolling --view list --width 390
    python -m benchmarks.scrolling --pictures FOLDER  # also keeps what it looks like

The site is `manage.py run` as a process of its own; pictures, charts, tables, code and text in turn. A page scrolls by
so many pixels each frame, and the list loads its next piece as it comes near. Told are frames a second, how many took
longer than two at 60 a second, what processor time of the page's main thread a frame took, and how far anything jumped.
Beside it an empty page that scrolls the same way: what the machine gives at this moment. Ends with 1 where something
jumped.
"""

import argparse
import base64
import io
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import chromium_launch
from tests.site import Person, Site, running_site

ARTIFACTS, STEP = 1000, 24  # pixels a frame: 1,440 a second
HEIGHT = 900
FRAME = 1000 / 60
PASSWORD = "correct horse battery"
# A frame is what lies between two calls of requestAnimationFrame. Ends where nothing more comes.
SCROLL = """async (step) => {
  const frames = [];
  let last = performance.now();
  let still = 0;
  while (still < 90) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
    const before = scrollY;
    scrollBy(0, step);
    still = scrollY === before ? still + 1 : 0;
    if (document.querySelector("#gallery-more") && still > 30) still = 30;
  }
  return frames.slice(0, -90);
}"""
SHIFTS = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts.push(entry.value);
  }).observe({ type: "layout-shift", buffered: true });
"""
EMPTY = "data:text/html,<body style='margin:0'><div style='height:{height}px'></div>"
# The first is the main thread's processor time, which grows little with what else the machine does; the others are the
# clock's.
TIMES = ("ThreadTime", "TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


def _picture(number: int) -> str:
    colours = random.Random(number)
    image = Image.new("RGB", (640, 400), tuple(colours.randrange(256) for _ in range(3)))
    for _ in range(40):
        box = [colours.randrange(600), colours.randrange(360)]
        image.paste(tuple(colours.randrange(256) for _ in range(3)), (*box, box[0] + 40, box[1] + 40))
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _item(number: int) -> dict[str, Any]:
    code = (
        f"import pandas as pd\n\n\ndef total_{number}(rows):\n    return sum(row['total'] for row in rows)\n"
        * 4
    )
    match number % 5:
        case 0:
            return {"name": f"plot {number}.png", "type": "file", "content_base64": _picture(number)}
        case 1:
            html = {"html": f"<h1>{number}</h1>", "visualization_data": [number]}
            return {"name": f"Chart {number}", "type": "visualization", "data": html}
        case 2:
            rows = [
                {"region": f"r{row}", "total": row * number, "share": row / 7, "note": "x"}
                for row in range(9)
            ]
            return {"name": f"Sales by region {number}", "type": "table", "data": rows}
        case 3:
            encoded = base64.b64encode(code.encode()).decode()
            return {"name": f"totals_{number}.py", "type": "file", "content_base64": encoded}
    return {"name": f"Summary {number}", "type": "text", "data": f"What came of it, number {number}. " * 30}


def fill(person: Person, number: int = ARTIFACTS) -> None:
    """`number` artifacts of one conversation."""
    conversation = person.conversation("Everything that was ever made in the third quarter")
    for start in range(0, number, 100):
        body = {"tool": "report", "artifacts": [_item(one) for one in range(start, min(number, start + 100))]}
        answer = person.post(f"conversations/{conversation}/tool-results", json=body)
        assert answer.status_code == 201, answer.text[:500]


def signed_in(browser: Browser, site: Site, width: int) -> Page:
    page = browser.new_context(base_url=site.url, viewport={"width": width, "height": HEIGHT}).new_page()
    page.goto("/sign-in")
    page.get_by_label("Username", exact=False).fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("networkidle")
    page.add_init_script(SHIFTS)
    return page


def scrolled(page: Page) -> dict[str, float]:
    """Figures of one way down; times are milliseconds."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def metrics() -> dict[str, float]:
        return {row["name"]: row["value"] for row in session.send("Performance.getMetrics")["metrics"]}

    before = metrics()
    frames: list[float] = page.evaluate(SCROLL, STEP)
    after = metrics()
    count = max(1, len(frames))
    busy = {name: (after[name] - before[name]) * 1000 / count for name in TIMES}
    return {
        "frames": count,
        "a second": 1000 * count / max(1.0, sum(frames)),
        "over two": sum(frame > 2 * FRAME + 1 for frame in frames),
        "longest": max(frames, default=0),
        **busy,
        "height": page.evaluate("document.documentElement.scrollHeight"),
    }


def told(name: str, figures: dict[str, float]) -> None:
    print(
        f"{name:8} {figures['frames']:6.0f} frames, {figures['a second']:5.1f} a second, {figures['over two']:4.0f} "
        f"longer than two, longest {figures['longest']:4.0f} ms; "
        f"a frame: {figures['ThreadTime']:5.2f} ms of the processor, "
        f"{figures['TaskDuration']:5.2f} ms by the clock (script {figures['ScriptDuration']:.2f}, "
        f"style {figures['RecalcStyleDuration']:.2f}, layout {figures['LayoutDuration']:.2f})"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--view", choices=["grid", "list"], default="grid")
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--artifacts", type=int, default=ARTIFACTS)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site(Path(folder)) as site,
        sync_playwright() as playwright,
    ):
        fill(site.person("alice"), options.artifacts)
        browser = playwright.chromium.launch(**chromium_launch())  # type: ignore[arg-type]
        page = signed_in(browser, site, options.width)
        page.goto(f"/artifacts?view={options.view}")
        page.wait_for_load_state("networkidle")
        if options.pictures:
            page.screenshot(path=options.pictures / "top.png")
        gallery = scrolled(page)
        tiles = page.locator(".tile").count()
        jumped = sum(page.evaluate("window.shifts"))
        if options.pictures:
            page.screenshot(path=options.pictures / "end.png")
        page.goto(EMPTY.format(height=int(gallery["height"])))
        empty = scrolled(page)
        told("gallery", gallery)
        told("empty", empty)
        print(f"{tiles} tiles, layout shift {jumped:.4f}")
        return 0 if not jumped and tiles == options.artifacts else 1


if __name__ == "__main__":
    sys.exit(main())
