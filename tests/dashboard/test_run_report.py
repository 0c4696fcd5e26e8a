"""The report: one file with everything in it, whose data cannot end its element and whose policy names its hashes."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from benchmarks.made_run import make_run
from whet.dashboard.open_run import open_run
from whet.dashboard.run_report import inert, report, report_data, report_page
from whet.errors import UserError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made run of a few steps."""
    return make_run(tmp_path_factory.mktemp("runs") / "made <b>", 6, 2, 4, (24, 40), problems=4)


def test_it_stands_in_the_run_folder_or_where_it_is_asked_for(run: Path, tmp_path: Path) -> None:
    assert report(run) == run / "report.html"
    assert (run / "report.html").read_text("utf-8").startswith("<!doctype html>")
    assert report(run, tmp_path / "x.html").is_file()


def test_the_policy_names_the_hash_of_the_one_script_and_the_one_style(run: Path) -> None:
    page = report_page(open_run(run))
    script = re.search(r"<script>(.*)</script>\n</body>", page, re.DOTALL)
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert script
    assert style
    assert policy
    for kind, text in (("script-src", script[1]), ("style-src", style[1])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy[1]
    assert "default-src 'none'" in policy[1]


def test_it_asks_nobody_for_anything(run: Path) -> None:
    page = report_page(open_run(run))
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)) == []
    assert "<title>made &lt;b&gt; · Whet</title>" in page


def test_data_cannot_end_the_element_that_it_stands_in(run: Path) -> None:
    hostile = {"text": "</script><script>x</script><!--", "<b>": "\u2028é"}
    text = inert(json.dumps(hostile))
    assert "<" not in text
    assert json.loads(text) == hostile
    page = report_page(open_run(run))
    data = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert data
    assert json.loads(data[1])["overview"]["run"]["id"] == "made <b>"
    assert page.count("<script") == 2


def test_it_has_the_rows_of_the_page(run: Path) -> None:
    found = report_data(open_run(run))
    assert found["overview"]["run"]["step"] == 6
    assert next(one["name"] for one in found["curves"]["series"]) == "reward"
    assert len(found["evaluation"]["fixed"]["pairs"]) == 3
    assert found["diagram"].startswith("data:image/svg+xml;base64,")


def test_home_folder_and_secrets_stay_out(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "a-secret-of-forty-letters-that-nobody-guesses")
    manifest = run / "manifest.json"
    told = json.loads(manifest.read_text("utf-8")) | {
        "platform": f"{Path.home()}/x a-secret-of-forty-letters-that-nobody-guesses"
    }
    manifest.write_text(json.dumps(told), encoding="utf-8")
    page = report_page(open_run(run))
    assert "a-secret-of-forty" not in page
    assert f"{Path.home()}/x" not in page


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        report(tmp_path)
