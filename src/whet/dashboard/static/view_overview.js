// Four questions on one screen: is it learning, is it healthy, what does it say, what does it cost.

import { html, nothing } from "./vendor/lit-html.js";
import { get } from "./api.js";
import { meaning } from "./meaning.js";
import { costBar, wasteLine } from "./costs.js";
import { figure, spark } from "./curve.js";
import { findings } from "./finding.js";
import { interval, number, percent, plain, quoted } from "./format.js";
import { pair } from "./pair.js";
import { at } from "./place.js";
import { state } from "./state.js";
import { visible } from "./text.js";
import { command, differenceText, link, panel, shareLine } from "./ui.js";

const VITAL = ["frac_reward_zero_std", "completions/clipped_ratio", "entropy", "completions/mean_length", "kl"];

export async function load(place, signal) {
  const [found, curves, meanings] = await Promise.all([
    get("overview", { run: place.run }, { signal }), get("curves", { run: place.run, names: VITAL.join(","), points: 80 }, { signal }), get("meanings", {}, { keep: () => true })]);
  state.meanings = meanings;
  return { ...found, vital: curves.runs[0].series };
}

const WAITING = {
  Check: "It is in its check: data, gold answers, lengths, and whether there is something to learn from.",
  "Warm start": "It is in its warm start; GRPO has not begun.",
};

/** The measurements as points with their intervals, and the reward of every step. */
export function accuracyFigure(stages, height = 150, width = 360) {
  const apart = 0.03 * Math.max(1, ...stages.map((stage) => stage.step)); // base and warm start are both before step 1
  const points = stages.map((stage, index) => ({ x: stage.step + apart * stages.slice(0, index).filter((one) => one.step === stage.step).length, y: 100 * stage.accuracy.value, low: 100 * stage.accuracy.low, high: 100 * stage.accuracy.high,
    name: `${stage.title}: ${percent(stage.accuracy.value)} ${interval(stage.accuracy)}` }));
  return figure({ series: [], points, title: "Held-out accuracy in percent by step, with 95 % intervals", low: 0, high: Math.max(10, Math.min(100, Math.max(...points.map((point) => point.high)))), height, width, show: (y) => `${y} %` });
}

export function rewardFigure(reward, marks, height = 130, width = 340) {
  return figure({ series: [{ ...reward, name: "reward" }], marks: marks.map((one) => ({ x: one.step, name: one.title })), title: "Mean reward by step", height, width });
}

/** Held-out accuracy, stage by stage, and what is certain of the gain. */
export function learned(found) {
  const run = found.run;
  const measured = found.stages.filter((stage) => stage.accuracy);
  return html`
    ${measured.length ? html`<div class="stages">${measured.map((stage) => html`<div class="stage"><span class="quiet">${visible(stage.title)}</span>
      <b class="big n">${percent(stage.accuracy.value)}</b><span class="note n">${interval(stage.accuracy)}</span>${shareLine(stage.accuracy)}</div>`)}</div>` : html`<p class="quiet">${WAITING[run.phase] || "Not measured yet."}</p>`}
    ${found.headline ? html`<p class="headline">${visible(found.headline)}</p>` : nothing}
    ${run.accuracy?.difference ? html`<p><span class="quiet">Over its start:</span> ${differenceText(run.accuracy.difference)}</p>` : nothing}`;
}

const few = (stages) => (stages.length > 4 ? [stages[0], stages[1], ...stages.slice(-2)] : stages);

function learning(found) {
  return html`${learned({ ...found, stages: few(found.stages) })}
    <div class="two">
    ${found.reward.x.length ? html`<figure><figcaption>${link(at("curves"), "reward of the samples, by step")}</figcaption>${rewardFigure(found.reward, found.findings)}</figure>` : nothing}
    ${found.stages.filter((stage) => stage.accuracy).length > 1 ? html`<figure><figcaption>${link(at("evaluation"), "held-out accuracy, by step")}</figcaption>${accuracyFigure(found.stages.filter((stage) => stage.accuracy), 130, 340)}</figure>` : nothing}</div>`;
}

/** The figures to watch, each with its latest value and where it is healthy. */
export const vital = (series) => html`<table class="vital"><tbody>${series.filter((one) => one.x.length).map((one) => html`<tr>
  <td>${link(at("curves", { find: `^${one.name}$` }), visible(one.name))}</td><td>${spark(one.y, one.name)}</td><td class="n"><b>${number(one.y.findLast((y) => y !== null))}</b></td>
  <td class="note">${plain(meaning(one.name)?.healthy).split(";")[0]}</td></tr>`)}</tbody></table>`;

const KINDS = { gained: "best gained", wrong: "still wrong", strange: "strangest" };

/** A problem with what was answered before and after. */
export const sample = (one) => html`<article class="sample">
  <header><h3>${KINDS[one.kind]}</h3> ${one.why === KINDS[one.kind] ? nothing : html`<span class="note">${visible(one.why)}</span>`} ${one.rollout ? link(at("rollouts", { step: one.rollout.step, group: one.rollout.group, card: one.rollout.sample + 1 }), "its siblings") : link(at("evaluation", { pile: one.kind === "gained" ? "fixed" : "wrong" }), "all of them")}</header>
  ${pair(one)}</article>`;

function says(found) {
  if (!found.samples.length) return html`<p class="quiet">No completion is on disk yet. They come with the first measurement.</p>`;
  return found.samples.map(sample);
}

function ended(run) {
  if (!["stopped", "failed", "interrupted", "killed"].includes(run.state)) return nothing;
  const words = { stopped: "It was stopped", failed: "It failed", interrupted: "It was interrupted", killed: "Its process ended without a word" }[run.state];
  return html`<p class="notice" role="status"><b>${words}.</b> ${visible(run.why || "")} ${run.state === "stopped" ? nothing : html`It goes on where it stopped: ${command(`whet resume ${quoted(run.id)}`)}`}</p>`;
}

export function render(found) {
  return html`${ended(found.run)}
    <div class="four screen">
      ${panel("Is it learning?", learning(found))}
      ${panel("Is it healthy?", html`${findings(found.findings)}${vital(found.vital || [])}`, "healthy")}
      ${panel("What does it say?", says(found), "says")}
      ${panel("What does it cost?", html`${costBar(found.cost)}${wasteLine(found.cost)}`, "costs", link(at("cost"), "step by step"))}
    </div>`;
}
