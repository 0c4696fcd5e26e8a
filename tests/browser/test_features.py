"""A real Chromium drives every feature of the page through made runs: open, follow, step, token, filter, compare."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from browser.conftest import Reader, Served
from browser.demo_runs import GROUPS, OBSERVED, SIZE, STEPS, append_step, plain_run
from whet.dashboard.run_report import report
from whet.runs.lock import FolderLock

pytestmark = pytest.mark.browser

VIEWS = ("overview", "curves", "rollouts", "find", "problems", "evaluation", "cost", "check", "recipe", "chat")


def test_the_link_opens_the_page_and_its_token_leaves_the_address(reader: Reader) -> None:
    assert "token" not in reader.page.url
    assert "plain" in reader.text("whet-list")
    assert reader.outside() == []


def test_without_its_token_the_page_says_what_is_missing(chromium: Any, served: Served) -> None:
    stranger = Reader(chromium, served)
    stranger.page.goto(served.address + "/?run=plain")
    stranger.ready()
    assert "needs its token" in stranger.text("#app")
    assert "plain" not in stranger.text("#app")
    stranger.close()


def test_the_overview_answers_four_questions_on_one_screen(reader: Reader) -> None:
    reader.go("run=plain")
    assert reader.page.locator(".panel h2").all_inner_texts() == [
        "Is it learning?",
        "Is it healthy?",
        "What does it say?",
        "What does it cost?",
    ]
    assert reader.page.evaluate("document.querySelector('main').scrollHeight <= innerHeight")
    assert "points" in reader.text(".panel")
    assert reader.count(".finding") == 1, "findings of one detector stand together"


def test_a_finding_opens_its_sentence_its_fix_and_the_rollouts_that_show_it(reader: Reader) -> None:
    reader.go("run=plain&view=curves")
    flag = reader.page.locator("[data-name='completions/clipped_ratio'] .flag").first
    flag.click()
    opened = reader.page.locator("[data-name='completions/clipped_ratio'] .finding")
    assert "raise grpo.sampling.max_tokens" in opened.inner_text()
    opened.get_by_text("the rollouts that show it").click()
    reader.page.wait_for_selector(".view.find")
    reader.ready()
    assert "finish=length" in reader.page.url


def test_curves_say_what_is_healthy_zoom_and_open_a_step(reader: Reader) -> None:
    reader.go("run=plain&view=curves&find=frac_reward_zero_std")
    assert reader.count("whet-chart canvas") == 1
    assert "under 0.75" in reader.text(".chart summary")
    over = reader.page.locator("whet-chart .u-over")
    box = over.bounding_box()
    reader.page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 40)
    assert re.match(r"step \d", reader.text(".chart .readout"))
    reader.page.mouse.down()
    reader.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 40, steps=4)
    reader.page.mouse.up()
    reader.page.wait_for_url(re.compile(r"from=\d+&to=\d+"))
    reader.go("run=plain&view=curves&find=^reward$")
    over.click(position={"x": 5, "y": 40})
    reader.page.wait_for_selector(".view.rollouts")
    assert reader.ready().text(".step-facts h1") == "step 0"


def test_two_runs_lie_over_one_another_and_their_recipes_are_compared(reader: Reader) -> None:
    for name in ("plain", "beside"):
        reader.page.locator("label.pick", has_text=name).locator("input").check()
    reader.page.get_by_text("their curves").click()
    reader.page.wait_for_selector(".view.curves")
    reader.ready()
    assert reader.count(".runs-legend > span") == 2
    reader.page.get_by_text("the difference of their recipes").click()
    reader.page.wait_for_selector(".view.recipe")
    reader.ready()
    assert reader.page.locator(".panel").first.locator("tbody code").all_inner_texts() == ["seed"]


def test_the_keyboard_walks_over_steps_groups_completions_and_tints(reader: Reader) -> None:
    reader.go("run=plain&view=rollouts&step=5")
    assert reader.press("j").text(".step-facts h1") == "step 6"
    assert reader.press("k", "k").text(".step-facts h1") == "step 4"
    first = reader.text(".chosen-group .bar")
    assert reader.press("l").text(".chosen-group .bar") != first
    assert reader.press("h").text(".chosen-group .bar") == first
    reader.press("2")
    assert reader.count(".card.open") == 1
    assert reader.text(".card.open .number") == "2"
    assert reader.press("2").count(".card.open") == 0
    chosen = reader.text(".choice a[aria-current=true]")
    assert reader.press("t").text(".choice a[aria-current=true]") != chosen
    assert reader.press("?").count(".help") == 1
    assert reader.press("Escape").count(".help") == 0
    reader.press("/")
    assert reader.page.evaluate("document.activeElement.id") == "search"


def test_the_strip_is_a_slider_that_keys_move(reader: Reader) -> None:
    reader.go("run=plain&view=rollouts&step=5")
    strip = reader.page.locator(".strip")
    strip.focus()
    reader.press("ArrowRight", "ArrowRight")
    assert strip.get_attribute("aria-valuenow") == "7"
    reader.page.locator(".strip [data-cell='2']").first.click()
    reader.page.wait_for_url(re.compile("step=2"))


def test_tokens_are_tinted_and_their_numbers_stand_on_hover_and_in_a_table(reader: Reader) -> None:
    reader.go("run=plain&view=rollouts&step=5&tint=logprob&card=1")
    spelled = "".join(reader.page.locator(".card.open .t").all_text_contents()).replace("⏎", "")
    assert spelled.startswith("<think>")
    assert spelled.endswith("<|im_end|>")
    reader.page.locator(".card.open [data-i='3']").hover()
    said = reader.text(".card.open .readout")
    assert "token 4 of" in said
    assert "log-probability −0.030 nats (97.0\u00a0%)" in said, "exp(−0.03) = 0.970"
    reader.page.get_by_text("every token in a table").click()
    reader.page.wait_for_selector(".token-table whet-list .row")
    assert "−0.030 nats" in reader.page.locator(".token-table [aria-posinset='4']").inner_text()


@pytest.mark.parametrize("width", [1440, 390])
def test_everything_known_of_a_token_fits_into_a_line(chromium: Any, served: Served, width: int) -> None:
    reader = Reader(chromium, served, width=width).open()
    reader.go(f"run=plain&view=rollouts&step={OBSERVED}&tint=ratio&card=1&table=1")
    offered = ["log-probability", "advantage", "ratio", "entropy", "none"]
    assert reader.page.locator(".choice").first.locator("a").all_inner_texts() == offered
    reader.page.locator(".card.open [data-i='7']").hover()
    assert "ratio 0.65, clipped · entropy 0.750 nats" in reader.text(".card.open .readout")
    reader.page.wait_for_selector(".token-table whet-list .row")
    cells = reader.page.locator(".token-table .row > .n")
    sizes = cells.evaluate_all("all => all.map(x => [x.offsetHeight, x.scrollWidth - x.clientWidth])")
    assert len(sizes) > 50
    assert max(height for height, _ in sizes) < 24, "in one line"
    assert max(beyond for _, beyond in sizes) == 0, "within its column"
    assert "clipped" in reader.text(".token-table [aria-posinset='8']")
    assert reader.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    reader.close()


def test_tokens_of_somebody_else_are_grey(reader: Reader) -> None:
    reader.go("run=plain&view=rollouts&step=5&group=1&card=1")
    grey = reader.page.locator(".card.open .t.other")
    assert grey.count() > 5
    grey.first.hover()
    assert "written by somebody else" in reader.text(".card.open .readout")


def test_one_problem_over_the_steps(reader: Reader) -> None:
    reader.go("run=plain&view=problems&sort=-visits")
    reader.page.locator("a.problem-row").first.click()
    reader.page.wait_for_selector(".view.problem .columns")
    reader.ready()
    assert reader.text(".kinds li").startswith("right:")
    tall = reader.page.evaluate(
        "[...document.querySelectorAll('.columns .fill')].reduce((sum, r) => sum + +r.getAttribute('height') + 0.6, 0)"
    )
    visits = int(reader.page.evaluate("document.querySelector('.columns').getAttribute('aria-label').match(/\\d+/)[0]"))
    assert tall == pytest.approx(140 * visits, rel=0.01), "each column holds all answers of its visit"
    step = reader.text(".view.problem .bar > b")
    reader.press("k")
    assert reader.text(".view.problem .bar > b") != step


def test_before_and_after_in_four_piles(reader: Reader, served: Served) -> None:
    reader.go("run=plain&view=evaluation&pile=broken")
    records = {stage: _records(served.root / "plain", stage) for stage in ("base", "final")}
    broken = sum(before and not records["final"][id] for id, before in records["base"].items())
    assert reader.text(".pile.broken .big") == str(broken)
    outcomes = reader.page.locator(".pairs .side").evaluate_all("all => all.map(one => one.className)")
    assert outcomes[:2] == ["side right", "side wrong"]
    assert reader.count("mark.differs") >= 2


def _records(run: Path, stage: str) -> dict[str, bool]:
    lines = (run / "eval" / f"{stage}.jsonl").read_text("utf-8").splitlines()
    return {record["id"]: record["correct"] for record in map(json.loads, lines)}


def test_filters_stand_in_the_address_and_an_address_restores_the_place(reader: Reader, served: Served) -> None:
    reader.go("run=plain&view=find")
    whole = f"{STEPS * GROUPS * SIZE} rollouts"
    reader.page.wait_for_selector(f"h1:text('{whole}')")  # once the index is whole
    reader.page.get_by_label("answer", exact=True).select_option("0")
    reader.page.wait_for_url(re.compile("correct=0"))
    reader.ready()
    assert reader.text("h1") != whole
    assert reader.count(".rows .dot.right") == 0
    address, found = reader.page.url, reader.text("h1")
    reader.page.goto("about:blank")
    reader.page.goto(address)
    assert reader.ready().text("h1") == found
    reader.page.go_back()


def test_search_streams_its_hits(reader: Reader) -> None:
    reader.go("run=plain&view=overview")
    reader.page.locator("#search").fill("carry")
    reader.page.locator("#search").press("Enter")
    reader.page.wait_for_selector(".found.hit mark")
    assert reader.text(".found.hit mark") == "carry"
    reader.page.wait_for_selector(".view.find [role=status]:has-text('all steps read')")


def test_a_reader_of_the_newest_step_follows_the_run_and_one_who_chose_a_step_stays(
    chromium: Any, tmp_path: Path
) -> None:
    run = plain_run(tmp_path / "live")
    with FolderLock(run):
        served = Served(tmp_path)
        follower, stayer = Reader(chromium, served).open(), Reader(chromium, served).open()
        try:
            follower.go("run=live&view=rollouts")
            stayer.go("run=live&view=rollouts&step=3")
            assert follower.text(".step-facts h1") == "step 11"
            append_step(run, 12)
            follower.page.wait_for_selector(".step-facts h1:text('step 12')")
            stayer.page.wait_for_selector(".step-facts a:text('newest: 12')")
            assert stayer.text(".step-facts h1") == "step 3"
        finally:
            follower.close()
            stayer.close()
            assert served.close() == 0, "Ctrl-C ends it while tabs are open"


def test_a_folder_without_runs_teaches_the_command_that_makes_one(chromium: Any, tmp_path: Path) -> None:
    served = Served(tmp_path)
    reader = Reader(chromium, served).open()
    assert "whet train quickstart" in reader.text("main")
    assert reader.faults == []
    reader.close()
    assert served.close() == 0


def test_a_run_that_has_just_begun_shows_what_is_still_to_come(reader: Reader) -> None:
    for view in VIEWS:
        reader.go(f"run=just-begun&view={view}")
        assert len(reader.text("main").strip()) > 20, view
        assert reader.count("[role=alert]") == 0, view


def test_a_run_that_cannot_be_read_says_why(reader: Reader) -> None:
    reader.go("run=other-format&view=overview")
    assert "format" in reader.text("[role=alert]")
    reader.faults.clear()  # the browser tells of the answer's status


def test_a_step_that_is_not_there_offers_the_nearest(reader: Reader) -> None:
    reader.go("run=plain&view=rollouts&step=400")
    reader.page.get_by_text("the nearest one").click()
    reader.page.wait_for_selector(".step-facts h1:text('step 11')")
    reader.faults.clear()  # the browser tells of the answer's status


def test_a_phone_shows_every_place_without_scrolling_sideways(chromium: Any, served: Served) -> None:
    reader = Reader(chromium, served, width=390).open()
    for view in VIEWS:
        reader.go(f"run=plain&view={view}")
        for theme in ("dark", "light"):
            reader.page.emulate_media(color_scheme=theme)
            wide = reader.ready().page.evaluate(
                "[document.documentElement.scrollWidth, document.querySelector('main').scrollWidth]"
            )
            assert max(wide) <= 390, (view, theme)
    assert reader.faults == []
    reader.close()


BROKEN_WORDS = """() => {
  const pen = document.createElement("canvas").getContext("2d"), found = [];
  for (const cell of document.querySelectorAll("th, td")) {
    const style = getComputedStyle(cell);
    const room = cell.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const words = cell.offsetParent ? cell.innerText.split(/[\\s-]+/).filter((word) => word.length <= 12) : [];
    pen.font = style.font;
    found.push(...words.filter((word) => pen.measureText(word).width > room + 1));
  }
  return found;
}"""
"""Words of table cells, up to twelve letters long, that their cell has no room for: they stand one letter a line."""


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_cell_of_a_table_breaks_a_word(chromium: Any, served: Served, width: int, tmp_path: Path) -> None:
    path = report(served.root / "plain", tmp_path / "report.html")
    reader = Reader(chromium, served, width=width).open()
    for view in ("check", "evaluation", "overview"):
        assert reader.go(f"run=plain&view={view}").ready().page.evaluate(BROKEN_WORDS) == [], view
    reader.page.goto(path.as_uri())
    reader.ready()
    assert reader.page.locator("td").count() > 20
    assert reader.page.evaluate(BROKEN_WORDS) == []
    reader.close()


def test_light_and_dark_change_by_the_button_and_are_remembered(reader: Reader) -> None:
    light = reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
    reader.page.get_by_role("button", name="dark").click()
    dark = reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    reader.go("view=runs")
    assert reader.page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_the_base_model_and_the_tuned_one_answer_side_by_side(chromium: Any, tmp_path: Path, tiny_folder: Path) -> None:
    run = plain_run(tmp_path / "talks", steps=4)
    shutil.rmtree(run / "final")
    shutil.copytree(tiny_folder, run / "final")
    recipe = (run / "recipe.yaml").read_text("utf-8")
    (run / "recipe.yaml").write_text(
        re.sub(r"(?m)^  name: SmolLM2.*$", f"  name: {tiny_folder}", recipe), encoding="utf-8"
    )
    served = Served(tmp_path)
    reader = Reader(chromium, served).open()
    try:
        reader.go("run=talks&view=rollouts&step=3")
        reader.page.get_by_text("ask this again").click()
        reader.page.wait_for_selector(".view.chat button.primary")
        assert "ask 8 times" in reader.text(".chat-view button.primary")
        reader.page.locator("button.primary").click()
        reader.page.wait_for_selector(
            ".turn .side:nth-of-type(2) .reply:nth-of-type(8) .note:has-text('tokens')", timeout=90000
        )
        assert reader.count(".turn .side") == 2
        assert reader.count(".turn .reply") == 16
        assert "of 8 right" in reader.text(".turn .side header")
        reader.page.locator(".program summary").click()
        assert f'base_url="{served.address}/v1", api_key="{served.token}"' in reader.text(".program pre")
        assert reader.faults == []
    finally:
        reader.close()
        served.close()
