"""R15 and R16 in a real Chromium: a hundred hostile texts run nowhere, and a foreign page reaches nothing."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from browser.conftest import Reader, Served
from browser.demo_runs import SIZE, hostile_run
from browser.payloads import PAYLOADS
from whet.dashboard.run_report import report

pytestmark = pytest.mark.browser

NAME = "%3Cimg%20src=x%20onerror=window.pwned=1%3E"
VIEWS = ("overview", "curves", "find", "problems", "evaluation", "cost", "check", "recipe", "chat", "find&q=pwned")


STRANGE = (
    "script",
    "iframe",
    "object",
    "embed",
    "[onerror]",
    "[onload]",
    "[onclick]",
    "[onfocus]",
    "[ontoggle]",
    "base",
)
"""What the page never has in its views, and a payload would bring."""


def harmless(reader: Reader) -> bool:
    """Whether nothing ran, nothing was asked of anybody else, and the policy had nothing to forbid."""
    assert reader.page.evaluate("window.pwned") is None
    assert reader.count(", ".join(f"main {what}" for what in STRANGE)) == 0
    assert reader.outside() == []
    assert reader.faults == []
    return True


def test_there_are_a_hundred_of_them_and_they_are_live() -> None:
    assert len(set(PAYLOADS)) == 100


def test_the_payloads_run_where_nothing_holds_them(chromium: Any) -> None:
    """What the test below stands on: a page that puts texts in as markup is taken over by them."""
    context = chromium.new_context()
    page = context.new_page()
    page.set_content("<p id=x></p>")
    page.evaluate("texts => { document.querySelector('#x').innerHTML = texts.join('\\n') }", PAYLOADS)
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") == 1
    context.close()


def test_no_payload_runs_in_a_view(reader: Reader) -> None:
    for view in VIEWS:
        reader.go(f"run={NAME}&view={view}")
        reader.page.mouse.move(700, 450)
        assert harmless(reader), view


def test_no_payload_runs_in_any_group_card_or_token(reader: Reader) -> None:
    seen = ""
    for group in range(len(PAYLOADS) // SIZE + 1):
        reader.go(f"run={NAME}&view=rollouts&step=1&group={group}&card=1&table=1")
        assert harmless(reader)
        reader.press("Escape")
        seen += reader.text(".chosen-group")
    assert harmless(reader)
    assert "<script>window.pwned=1</script>" in seen, "they are shown, as text"
    assert "⟪RLO⟫" in seen
    assert "␀" in seen
    assert "\u202e" not in seen


def test_no_payload_runs_in_one_problem(reader: Reader) -> None:
    reader.go(f"run={NAME}&view=problems")
    addresses = reader.page.locator("a.problem-row").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert len(addresses) >= 10
    for address in addresses:
        reader.go(address.removeprefix("?"))
        assert harmless(reader)


def test_tokens_stay_in_order_whatever_direction_one_of_them_asks_for(reader: Reader) -> None:
    """Without isolation, U+202E in one token turns the rest of the completion around."""
    reader.go(f"run={NAME}&view=rollouts&step=1&group=0&card=1&tint=logprob")
    backwards = reader.page.evaluate(
        """() => { let back = 0, n = 0;
        for (const written of document.querySelectorAll('.tokens')) {
          const spans = [...written.querySelectorAll('.t')];
          for (let i = 1; i < spans.length; i++) {
            const a = spans[i - 1].getClientRects(), b = spans[i].getClientRects();
            if (!a.length || !b.length) continue;
            const last = a[a.length - 1], first = b[0];
            if (Math.abs(last.top - first.top) < 2) { n++; if (first.left < last.left - 1) back++; }
          }
        } return [back, n]; }"""
    )
    assert backwards[0] == 0
    assert backwards[1] > 3


def test_markup_cannot_be_put_in_at_all(reader: Reader) -> None:
    """The policy holds even where the page's own code were wrong: no inline script, no markup from text."""
    tried = reader.page.evaluate(
        """() => { const errors = [];
        for (const attempt of [
          () => { document.createElement('div').innerHTML = '<b>x</b>'; },
          () => { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); },
          () => { document.write('x'); },
          () => { const s = document.createElement('script'); s.text = 'window.pwned = 1'; document.body.append(s); },
          () => { trustedTypes.createPolicy('other', { createHTML: x => x }); },
        ]) { try { attempt(); errors.push('no error'); } catch (error) { errors.push(error.name); } }
        return errors; }"""
    )
    assert "no error" not in tried, tried
    assert reader.page.evaluate("window.pwned") is None
    reader.page.wait_for_timeout(200)
    reader.faults.clear()  # the browser tells of each


def test_no_payload_runs_in_the_report_and_it_asks_for_nothing(chromium: Any, served: Served, tmp_path: Path) -> None:
    run = hostile_run(tmp_path / "hostile & co")
    path = report(run)
    reader = Reader(chromium, served)
    reader.context.set_offline(True)
    reader.page.goto(path.as_uri())
    reader.ready()
    assert reader.count("section .panel") == 8
    assert "<script>" in reader.text("main")
    assert [url for url in reader.asked if not url.startswith(("file:", "data:"))] == []
    assert harmless(reader)
    reader.close()


ATTACK = """<!doctype html><title>elsewhere</title><script>
const target = %r, results = {};
const cookies = { credentials: 'include' };
const json = { 'X-Whet': '1', 'Content-Type': 'application/json' };
const tried = async (name, path, options) => {
  try {
    const answer = await fetch(target + path, { ...cookies, ...options });
    results[name] = answer.type === 'opaque' ? 'opaque' : answer.status;
  } catch { results[name] = 'refused'; }
};
(async () => {
  await tried('read', '/api/runs', {});
  await tried('blind', '/api/runs', { mode: 'no-cors' });
  await tried('chat', '/api/chat', { method: 'POST', mode: 'no-cors', body: '{"run":"plain","question":"x"}' });
  await tried('preflight', '/api/chat', { method: 'POST', headers: json, body: '{}' });
  const frame = document.createElement('iframe');
  frame.src = target + '/?run=plain';
  const image = new Image();
  image.src = target + '/api/runs';
  document.body.append(frame, image);
  await new Promise(done => setTimeout(done, 700));
  try { results.frame = frame.contentDocument ? 'empty' : 'hidden'; } catch { results.frame = 'hidden'; }
  results.image = image.naturalWidth;
  document.body.dataset.done = JSON.stringify(results);
})();
</script><body></body>"""


@pytest.fixture
def elsewhere(served: Served) -> Iterator[str]:
    """Another site of this machine, which attacks the page of somebody who has it open."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (ATTACK % served.address).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_foreign_page_reads_nothing_and_changes_nothing(chromium: Any, served: Served, elsewhere: str) -> None:
    reader = Reader(chromium, served).open()
    reader.page.goto(elsewhere)
    reader.page.wait_for_selector("body[data-done]")
    found = reader.page.evaluate("JSON.parse(document.body.dataset.done)")
    assert found["read"] == "refused"
    assert found["preflight"] == "refused"
    assert found["image"] == 0
    assert found["frame"] == "hidden"
    assert found["chat"] in ("refused", "opaque")
    reader.go("run=plain&view=recipe")
    asked = reader.page.evaluate("fetch('/api/chat?run=plain').then(answer => answer.json())")
    assert asked["busy"] is False, "nobody was made to talk"
    assert asked["loaded"] == []
    reader.close()
