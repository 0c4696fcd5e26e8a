"""Takes pictures of the page over real runs: `python -m benchmarks.page_pictures RUNS --run NAME --out FOLDER`.

Every view of one run, light and dark, 1440 and 390 pixels wide, as `<view>-<theme>-<width>.png`. It needs Playwright
and a Chromium (`apt-get install --no-install-recommends chromium-headless-shell`). `--views` takes a few of them.
"""

import argparse
import shutil
from pathlib import Path
from typing import Any

from benchmarks.page_speed import PageServer, page_server

VIEWS = {
    "runs": "view=runs",
    "overview": "view=overview",
    "curves": "view=curves",
    "rollouts": "view=rollouts",
    "problems": "view=problems",
    "evaluation": "view=evaluation",
    "cost": "view=cost",
    "check": "view=check",
    "recipe": "view=recipe",
    "chat": "view=chat",
}
WIDTHS = {1440: 900, 390: 844}
THEMES = ("light", "dark")
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def take(browser: Any, server: PageServer, run: str, views: dict[str, str], out: Path) -> None:
    """Writes a picture of each view, in each theme and width."""
    for width, height in WIDTHS.items():
        for theme in THEMES:
            tab = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
            page = tab.new_page()
            page.goto(f"{server.address}/#token={server.token}")
            page.wait_for_selector("body[data-ready]")
            for name, query in views.items():
                page.goto(f"{server.address}/?{query}&run={run}")
                page.wait_for_selector("body[data-ready]")
                page.wait_for_timeout(300)
                page.screenshot(path=out / f"{name}-{theme}-{width}.png")
            tab.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--run", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--views", nargs="+", choices=VIEWS, default=list(VIEWS))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    with page_server(given.runs) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, BROWSERS))), args=["--no-sandbox"]
        )
        take(browser, server, given.run, {name: VIEWS[name] for name in given.views}, given.out)
        browser.close()


if __name__ == "__main__":
    main()
