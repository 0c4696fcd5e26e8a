// One problem over the steps: its answers at each visit as a stacked column, its pass share, its completions.

import { html, nothing, svg } from "./vendor/lit-html.js";
import { get } from "./api.js";
import { card } from "./cards.js";
import { figure } from "./curve.js";
import { count, fixed, number, percent } from "./format.js";
import { at, go, here, others } from "./place.js";
import { state } from "./state.js";
import { bounded, question, visible } from "./text.js";
import { offered } from "./tokens.js";
import { empty, indexed, link, shareText } from "./ui.js";

export async function load(place, signal) {
  const runs = [place.run, ...others(place)];
  const found = await Promise.all(runs.map((run) => get("problem", { run, problem: place.problem }, { signal }).catch((error) => ({ missing: error.message, run }))));
  if (found[0].missing) throw new Error(found[0].missing);
  const visits = found[0].visits;
  const chosen = visits.find((one) => String(one.step) === place.step) || visits.at(-1);
  const group = chosen ? await get("group", { run: place.run, step: chosen.step, group: chosen.group, tokens: 1 }, { signal }) : null;
  if (!found[0].indexed?.whole && !found[0].indexed?.fault) setTimeout(() => { if (state.place.view === "problem") window.dispatchEvent(new Event("place")); }, 1500);
  return { runs: found.map((one, index) => ({ ...one, run: runs[index] })), chosen, group };
}

export const grown = (news) => news.rollouts === undefined;

const HIGH = 140;

/** Class of a kind of answer: right ones, wrong ones by rank, others, none, truncated. */
export function kindClass(kinds, index) {
  const { kind } = kinds[index];
  if (kind !== "wrong" && kind !== "answer") return `k-${kind}`;
  return `k-wrong-${Math.min(6, kinds.slice(0, index + 1).filter((one) => one.kind === kind).length)}`;
}

const WORDS = { others: "other wrong answers", none: "no answer", cut: "truncated" };
const NAMED = { right: "right", wrong: "wrong", answer: "answer" };
const kindWords = (one) => WORDS[one.kind] || html`${NAMED[one.kind]}: <b>${bounded(one.answer, 40)}</b>`;

/** One column per visit, the right answers at the bottom. */
function columns(found, chosen) {
  const n = found.visits.length;
  const width = Math.max(3, Math.min(48, 900 / n));
  const column = (visit, index) => {
    let y = HIGH;
    return visit.counts.map((size, kind) => {
      const tall = (HIGH * size) / (visit.n || 1);
      y -= tall;
      return tall ? svg`<rect class="fill ${kindClass(found.kinds, kind)}" x=${index * width + 1} y=${y.toFixed(2)} width=${Math.max(1, width - 2)} height=${Math.max(0, tall - 0.6).toFixed(2)}><title>step ${visit.step}: ${size} of ${visit.n}</title></rect>` : nothing;
    });
  };
  const pick = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const visit = found.visits[Math.floor(((event.clientX - box.left) / box.width) * n)];
    if (visit) go(here({ step: visit.step }));
  };
  const index = found.visits.indexOf(chosen);
  return html`<svg class="columns" viewBox="0 0 ${n * width} ${HIGH + 4}" width=${n * width} height=${HIGH + 4} preserveAspectRatio="none" role="img" aria-label="Answers at each of ${n} visits, right ones at the bottom" @click=${pick}>
    ${found.visits.map(column)}${index >= 0 ? svg`<rect class="under" x=${index * width + 1} y=${HIGH + 1} width=${Math.max(1, width - 2)} height="3"></rect>` : nothing}</svg>`;
}

function share(found) {
  const points = found.visits.filter((visit) => visit.share).map((visit) => ({ x: visit.step, y: 100 * visit.share.value, low: 100 * visit.share.low, high: 100 * visit.share.high, name: `step ${visit.step}: ${percent(visit.share.value, 0)}` }));
  return figure({ series: [{ x: points.map((one) => one.x), y: points.map((one) => one.y), name: "pass share" }], points: points.length > 60 ? [] : points, low: 0, high: 100, title: "Pass share by step, with 95 % intervals", show: (y) => `${y} %`, height: 170 });
}

function history(found, chosen) {
  if (found.missing) return html`<section class="panel"><header><h2>${visible(found.run)}</h2></header><p class="quiet">${visible(found.missing)}</p></section>`;
  return html`<section class="panel"><header><h2>${visible(found.run)}</h2><span>${shareText(found.share)}</span></header>
    <div class="two"><figure><figcaption class="note">answers at each visit; choose one</figcaption>${columns(found, chosen)}</figure><figure><figcaption class="note">pass share, 95 % intervals</figcaption>${share(found)}</figure></div>
    <ul class="kinds">${found.kinds.map((one, index) => html`<li><i class="key ${kindClass(found.kinds, index)}"></i>${kindWords(one)} <span class="n note">× ${count(one.count)}</span>${one.kind === "wrong" ? html` ${link(at("find", { problem: found.problem, answer: one.answer }), "show")}` : nothing}</li>`)}</ul></section>`;
}

export function render(data, place) {
  const [mine] = data.runs;
  if (!mine.visits.length) return html`${indexed(mine.indexed)}${empty("Not visited yet", "No step on disk has asked this problem.")}`;
  const { chosen, group } = data;
  const tint = offered(group.samples)[0] || "none";
  return html`<header class="asked">${question(mine.question, mine.gold)}
    <p class="bar"><span class="note">${visible(mine.problem)}</span><span>${count(mine.visits.length)} visits</span>${link(at("chat", { step: chosen.step, group: chosen.group }), "ask this again")}${link(at("problems"), "all problems")}</p></header>
    ${indexed(mine.indexed)}${data.runs.map((found, index) => history(found, index ? null : chosen))}
    <p class="bar"><b>step ${chosen.step}</b><span>${percent(chosen.share?.value, 0)} right</span><span>reward ${fixed(chosen.reward)}</span><span>length ${number(chosen.length)}</span>${link(at("rollouts", { step: chosen.step, group: chosen.group }), "in its step")}</p>
    <div class="cards">${group.samples.toSorted((a, b) => b.advantage - a.advantage).map((sample, index) => card(sample, index + 1, tint, false, (number) => at("rollouts", { step: chosen.step, group: chosen.group, card: number })))}</div>`;
}

/** j and k walk over the visits. */
export function key(name) {
  if (name !== "j" && name !== "k" || !state.data) return false;
  const { visits } = state.data.runs[0];
  const to = visits[visits.indexOf(state.data.chosen) + (name === "j" ? 1 : -1)];
  if (to) go(here({ step: to.step }));
  return true;
}
