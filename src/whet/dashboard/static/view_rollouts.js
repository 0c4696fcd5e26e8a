// Every rollout of every step: the strip of steps, the step's groups as dots, the chosen group as cards.

import { html, nothing } from "./vendor/lit-html.js";
import { get } from "./api.js";
import { card, dot, openCard, outcome } from "./cards.js";
import { finding } from "./finding.js";
import { count, fixed, number, percent, seconds } from "./format.js";
import { at, go, here } from "./place.js";
import { row, state } from "./state.js";
import { strip } from "./strip.js";
import { line, question, visible } from "./text.js";
import { legend, offered, TINTS } from "./tokens.js";
import { choice, empty, link } from "./ui.js";
import "./virtual.js";

const CELLS = 240;
const TINTED = 12000;

const finished = (body) => body.next !== null;

/** Groups in the order they are read: those that taught most first. */
export const sorted = (groups) => groups.toSorted((a, b) => b.spread - a.spread || a.group - b.group);

const byAdvantage = (samples) => samples.toSorted((a, b) => (b.advantage ?? -9e9) - (a.advantage ?? -9e9) || a.sample - b.sample);

export async function load(place, signal) {
  const asked = { run: place.run, cells: CELLS };
  const steps = await get("steps", asked, { signal });
  const step = place.step === undefined && steps.newest === null ? null : await stepOf(place, signal);
  if (!step) return { steps, step: null };
  if (step.missing) return { steps, step: null, missing: step };
  const groups = sorted(step.groups);
  const chosen = place.group === undefined ? groups[0]?.group : Number(place.group);
  const group = groups.length ? await get("group", { run: place.run, step: step.step, group: chosen, tokens: 1 }, { signal }) : null;
  return { steps, step, groups, group };
}

async function stepOf(place, signal) {
  try {
    return await get("step", { run: place.run, step: place.step ?? "last", chars: 200 }, { signal, keep: finished });
  } catch (error) {
    if (error.status !== 404) throw error;
    return place.step === undefined ? null : { missing: true, error: error.message, nearest: error.body?.nearest };
  }
}

/** A reader who named a step stays there; one who did not follows the newest. */
export const grown = (news) => news.rollouts === undefined && !news.findings;

function facts({ step, steps }, place) {
  const figures = step.metrics || {};
  const following = place.step === undefined;
  return html`<div class="bar step-facts">
    ${link(here({ step: step.previous, group: null, card: null }), "k ◂", step.previous === null ? "off" : "nudge")}
    <h1 class="n">step ${step.step}</h1>${link(here({ step: step.next, group: null, card: null }), "▸ j", step.next === null ? "off" : "nudge")}
    <span>reward <b class="n">${fixed(figures.reward)}</b></span><span>with signal <b class="n">${percent(figures.frac_reward_zero_std === undefined ? null : 1 - figures.frac_reward_zero_std, 0)}</b></span>
    <span>truncated <b class="n">${percent(figures["completions/clipped_ratio"], 0)}</b></span><span>length <b class="n">${number(figures["completions/mean_length"])}</b></span><span class="n">${seconds(step.timings?.step_time)}</span>
    <span class="push">${steps.newest === step.step || steps.newest === null ? html`<span class="note">${following && row()?.state === "running" ? "following the newest step" : "the newest step"}</span>` : html`<a href=${here({ step: null, group: null, card: null })}>newest: ${steps.newest}</a>`}
      <span class="gap">${link(at("find", { from: step.step, to: step.step }), "filter over steps")}</span></span></div>`;
}

const groupRow = (groups, chosen) => (i) => {
  const one = groups[i];
  return html`<a class="group ${one.group === chosen ? "chosen" : ""} ${one.signal ? "" : "silent"}" href=${here({ group: one.group, card: null })} aria-current=${one.group === chosen ? "true" : "false"}>
    <span class="dots">${byAdvantage(one.samples).slice(0, 32).map((sample) => dot(sample))}${one.samples.length > 32 ? html`<span class="note">+${one.samples.length - 32}</span>` : nothing}</span>
    <span class="n">${fixed(one.mean)}</span><span class="note">${line(one.question, 80)}</span></a>`;
};

function tintChoice(group, tint) {
  const found = offered(group.samples);
  return html`${choice("Tint of the tokens", [...found.map((name) => [name, TINTS[name].words]), ["none", "none"]], tint, (name) => here({ tint: name }))}${tint === "none" ? nothing : legend(tint)}`;
}

function chosenTint(group, place) {
  const found = offered(group.samples);
  if (place.tint === "none" || !found.length) return "none";
  return found.includes(place.tint) ? place.tint : found[0];
}

function head(group, place, tint) {
  const visit = (one, words) => (one ? link(here({ step: one.step, group: one.group, card: null }), words, "nudge") : nothing);
  return html`<header class="asked">${question(group.question, group.gold)}
    <p class="bar"><span>group ${group.group}</span><span>${group.right} of ${group.n} right</span><span>mean <b class="n">${fixed(group.mean)}</b></span><span>spread <b class="n">${fixed(group.spread)}</b></span>
      ${group.signal ? nothing : html`<span class="word">no signal: all rewards are equal, nothing is learned from it</span>`}
      ${link(at("problem", { problem: group.problem }), "this problem over the steps")}${visit(group.previous, "[ earlier visit")}${visit(group.next, "later visit ]")}
      ${link(at("chat", { step: place.step ?? state.data?.step.step, group: group.group }), "ask this again")}</p>
    <p class="bar">${tintChoice(group, tint)}${group.tokenizer ? html`<span class="note">${visible(group.tokenizer)}</span>` : nothing}</p></header>`;
}

function cards(group, place, tint) {
  const samples = byAdvantage(group.samples);
  const open = samples.findIndex((sample) => sample.sample + 1 === Number(place.card));
  if (open >= 0) {
    return html`<p class="bar siblings">${samples.map((sample, index) => dot(sample, { chosen: index === open, href: here({ card: sample.sample + 1 }) }))}<span class="note">sorted by advantage; ${outcome(samples[open])[1]}</span></p>
      ${openCard(samples[open], open + 1, tint, place.table !== undefined)}`;
  }
  const plain = samples.reduce((sum, sample) => sum + sample.tokens, 0) > TINTED;
  return html`<div class="cards">${samples.map((sample, index) => card(sample, index + 1, tint, plain))}</div>
    ${plain && tint !== "none" ? html`<p class="note">So many tokens are tinted one completion at a time: open one.</p>` : nothing}`;
}

export function render(data, place) {
  if (data.missing) return html`${empty("No rollouts of this step", visible(data.missing.error))}${data.missing.nearest === undefined ? nothing : html`<p class="state">${link(here({ step: data.missing.nearest }), `the nearest one: step ${data.missing.nearest}`)}</p>`}`;
  if (!data.step) return nothingYet();
  const { steps, step, groups, group } = data;
  const chosen = group?.group;
  const tint = group ? chosenTint(group, place) : "none";
  return html`${strip(steps, step.step)}${facts(data, place)}
    ${step.findings.length ? html`<div class="findings">${step.findings.map((one) => finding(one))}</div>` : nothing}
    <div class="split"><nav class="groups" aria-label="Groups of the step"><p class="note">${count(groups.length)} groups, those with most signal first</p>
      <whet-list aria-label="Groups" .data=${{ count: groups.length, height: 44, row: groupRow(groups, chosen) }}></whet-list></nav>
      <section class="chosen-group">${group ? html`${head(group, place, tint)}${cards(group, place, tint)}` : empty("An empty step", "Its file holds no rollouts.")}</section></div>`;
}

function nothingYet() {
  const running = row()?.state === "running";
  return running
    ? empty("No rollouts yet", `They come with the first step of GRPO. At present: ${row()?.phase || "starting"}.`)
    : empty("No rollouts were kept", "This run made no GRPO step, or its rollouts were deleted. Its curves and evaluations do not need them.");
}

const place = (change) => { go(here(change)); return true; };

function besides(by) {
  const { groups, group } = state.data;
  const index = groups.findIndex((one) => one.group === group.group) + by;
  return groups[index] ? place({ group: groups[index].group, card: null }) : true;
}

/** The keys of this view. Returns whether the key was one. */
export function key(name) {
  const { step, group } = state.data || {};
  if (!step || !group) return false;
  if (name === "j" || name === "k") { const to = name === "j" ? step.next : step.previous; return to === null || place({ step: to, group: null, card: null }); }
  if (name === "l" || name === "h") return besides(name === "l" ? 1 : -1);
  if (name === "]" || name === "[") { const to = name === "]" ? group.next : group.previous; return !to || place({ step: to.step, group: to.group, card: null }); }
  if (name === "t") { const all = [...offered(group.samples), "none"]; return place({ tint: all[(all.indexOf(chosenTint(group, state.place)) + 1) % all.length] }); }
  if (name === "Escape" && state.place.card) return place({ card: null, table: null });
  if (!/^[1-9]$/.test(name)) return false;
  const sample = byAdvantage(group.samples)[Number(name) - 1];
  return !sample || place({ card: Number(state.place.card) === sample.sample + 1 ? null : sample.sample + 1 });
}
