"""A real Chromium and a page that serves made runs. Without Chromium the tests are skipped and say so."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
SECONDS = 60


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser for one file of tests: while Playwright runs, no other test of the process can begin an event loop."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium: apt-get install --no-install-recommends chromium-headless-shell")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


class Served:
    """A page that is served: its folder of runs, its address and the token."""

    def __init__(self, root: Path) -> None:
        self.root = root
        command = [sys.executable, "-m", "whet", "ui", str(root), "--no-open", "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.link = self._link()
        self.address, _, self.token = self.link.partition("/#token=")

    def _link(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://\S+", line):
                return found[0]
        raise AssertionError("the server ended before it said where it is")

    def close(self) -> int:
        """Ends the server as Ctrl-C does; returns its exit status."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(SECONDS)
        if self.process.stdout:
            self.process.stdout.close()
        return status


class Reader:
    """Somebody at the page: a tab, and everything that went wrong in it."""

    def __init__(self, browser: Any, served: Served, width: int = 1440, theme: str = "light") -> None:
        self.served = served
        height = 844 if width < 500 else 900
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * SECONDS)
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page.on(
            "console", lambda said: self.faults.append(said.text) if said.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.faults.append(error.stack or str(error)))
        self.page.on("dialog", lambda dialog: (self.faults.append("a dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self) -> "Reader":
        """Opens the link that the terminal printed."""
        self.page.goto(self.served.link)
        return self.ready()

    def go(self, query: str) -> "Reader":
        """Goes to an address of the page."""
        self.page.goto(f"{self.served.address}/?{query}")
        return self.ready()

    def ready(self) -> "Reader":
        """Waits until the view is drawn."""
        self.page.wait_for_selector("body[data-ready]")
        return self

    def press(self, *keys: str) -> "Reader":
        """Presses keys, one after the other, each once the view is there."""
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(60)
            self.ready()
        return self

    def text(self, selector: str) -> str:
        """The text of the first element that matches."""
        return str(self.page.locator(selector).first.inner_text())

    def count(self, selector: str) -> int:
        """How many elements match."""
        return int(self.page.locator(selector).count())

    def outside(self) -> list[str]:
        """Requests that went to anybody but the page's own server."""
        return [url for url in self.asked if not url.startswith((self.served.address, "data:", "file:", "about:"))]

    def close(self) -> None:
        """Closes the tab."""
        self.context.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Served]:
    """A page over a folder of runs: `plain`, `beside`, one with hostile texts, and broken ones."""
    from browser.demo_runs import broken_runs, hostile_run, plain_run

    root = tmp_path_factory.mktemp("runs")
    plain_run(root / "plain")
    plain_run(root / "beside", seed=1)
    hostile_run(root / "<img src=x onerror=window.pwned=1>")
    broken_runs(root)
    os.utime(root / "plain")
    made = Served(root)
    yield made
    made.close()


@pytest.fixture
def reader(chromium: Any, served: Served) -> Iterator[Reader]:
    """Somebody at the page, in a window of 1440 × 900; nothing may have gone wrong in it in the end."""
    made = Reader(chromium, served).open()
    yield made
    faults = made.faults
    made.close()
    assert faults == []
