// Talking to the result: base beside tuned, as it is written; or a rollout's question asked again, several times.

import { html, nothing } from "./vendor/lit-html.js";
import { get, lines, post } from "./api.js";
import { count, percent, seconds } from "./format.js";
import { at, go, here } from "./place.js";
import { paint, state } from "./state.js";
import { bounded, question, visible } from "./text.js";
import { command, empty, link } from "./ui.js";

const AGAIN = 8;
const turns = [];
let asking = null;
let draft = "";

export async function load(place, signal) {
  const again = place.step !== undefined && place.group !== undefined;
  const [about, use, group] = await Promise.all([get("chat", { run: place.run }, { signal }), get("use", { run: place.run }, { signal }), again ? get("group", { run: place.run, step: place.step, group: place.group, tokens: 0 }, { signal }).catch(() => null) : null]);
  return { about, use, group };
}

export const grown = () => true;

function settings(place, group) {
  const samples = Number(place.samples || (group ? AGAIN : 1));
  return { run: place.run, part: place.part ?? state.data.about.models[0]?.part ?? "", base: place.base !== "0", samples, temperature: place.temperature ? Number(place.temperature) : samples > 1 ? null : 0 };
}

function reply(turn, one) {
  const key = `${one.speaker}-${one.sample ?? 0}`;
  return (turn.replies[key] ||= { speaker: one.speaker, sample: one.sample ?? 0, reasoning: "", answer: "", other: "", done: null });
}

const EVENTS = {
  note: (turn, one) => { turn.note = one.text; },
  chunk: (turn, one) => { const found = reply(turn, one); found[one.part] = (found[one.part] || "") + one.text; },
  reply: (turn, one) => { reply(turn, one).done = one; turn.note = ""; },
  error: (turn, one) => { turn.error = one.text; },
  done: (turn) => { turn.note = ""; },
};

async function ask(question, group, place) {
  const asked = settings(place, group);
  const turn = { question, gold: group?.gold ?? null, replies: {}, note: "asking …", error: "", run: place.run, samples: asked.samples };
  turns.unshift(turn);
  asking = new AbortController();
  paint();
  const body = { ...asked, question, max_tokens: null, rollout: group ? { step: Number(place.step), group: Number(place.group) } : null };
  try {
    await lines(await post("chat", body, asking.signal), (one) => { EVENTS[one.type]?.(turn, one); paint(); });
  } catch (error) {
    turn.error = error.name === "AbortError" ? "stopped" : error.message;
  }
  turn.note = "";
  asking = null;
  paint();
}

function answer(one) {
  const done = one.done;
  const reasoning = done?.reasoning ?? one.reasoning;
  const text = done ? done.answer ?? "" : one.answer;
  const mark = done?.correct === true ? "right" : done?.correct === false ? "wrong" : "open";
  return html`<article class="reply ${mark}">
    ${reasoning ? html`<details><summary>reasoning <span class="note">${done ? "" : "…"}</span></summary><div class="written">${bounded(reasoning)}</div></details>` : nothing}
    ${one.other && !done ? html`<div class="written">${bounded(one.other)}</div>` : nothing}
    ${text ? html`<p class="answer-line">${done ? html`<span class="outcome ${mark}">${done.correct === null || done.correct === undefined ? nothing : html`<i class="dot ${mark}"></i> ${mark}`}</span>` : nothing} <b class="answer">${bounded(text, 4000)}</b></p>` : done ? html`<div class="written">${bounded(done.text)}</div>` : nothing}
    ${done ? html`<p class="note n">${count(done.tokens)} tokens, ${seconds(done.seconds)}${done.finish === "length" ? ", truncated" : ""}</p>` : nothing}</article>`;
}

function column(turn, speaker, title) {
  const found = Object.values(turn.replies).filter((one) => one.speaker === speaker).toSorted((a, b) => a.sample - b.sample);
  if (!found.length) return nothing;
  const judged = found.filter((one) => typeof one.done?.correct === "boolean");
  const right = judged.filter((one) => one.done.correct).length;
  return html`<section class="side"><header><b>${title}</b> ${judged.length > 1 ? html`<span class="n">${right} of ${judged.length} right, ${percent(right / judged.length, 0)}</span>` : nothing}</header>
    <div class=${found.length > 1 ? "many" : ""}>${found.map(answer)}</div></section>`;
}

const exchange = (turn) => html`<article class="turn">${question(turn.question, turn.gold)}
  ${turn.note ? html`<p class="note" role="status">${visible(turn.note)}</p>` : nothing}${turn.error ? html`<p class="notice" role="alert">${visible(turn.error)}</p>` : nothing}
  <div class="sides">${column(turn, "base", "untrained")}${column(turn, "model", "tuned")}</div></article>`;

function controls(about, place, group) {
  const asked = settings(place, group);
  const set = (name) => (event) => go(here({ [name]: event.target.value }), true);
  const tuned = about.models.filter((one) => one.part !== "base");
  return html`<p class="bar">${tuned.length ? html`<label>model <select @change=${set("part")}>${tuned.map((one) => html`<option value=${one.part} .selected=${one.part === asked.part}>${visible(one.title)}</option>`)}</select></label>
    <label><input type="checkbox" .checked=${asked.base} @change=${(event) => go(here({ base: event.target.checked ? null : "0" }), true)}> the untrained model beside it</label>` : html`<span class="quiet">only the untrained model: this run has no checkpoint</span>`}
    <label>samples <input class="short" type="number" min="1" max="16" .value=${String(asked.samples)} @change=${set("samples")}></label>
    <label>temperature <input class="short" inputmode="decimal" placeholder=${asked.samples > 1 ? "as trained" : "0"} .value=${place.temperature || ""} @change=${set("temperature")}></label>
    ${asking ? html`<button type="button" @click=${() => asking?.abort()}>stop</button>` : nothing}</p>`;
}

function form(place, group) {
  const submit = (event) => { event.preventDefault(); if (draft.trim() && !asking) { ask(draft.trim(), null, { ...place, step: undefined, group: undefined }); draft = ""; } };
  const enter = (event) => { if (event.key === "Enter" && !event.shiftKey) submit(event); };
  return html`${group ? html`<section class="panel"><header><h2>Ask this again</h2>${link(at("rollouts", { step: place.step, group: place.group }), `step ${place.step}, group ${place.group}`)}</header>
      ${question(group.question, group.gold)}<p class="quiet">Then ${group.right} of ${group.n} were right.</p>
      <p><button type="button" class="primary" ?disabled=${!!asking} @click=${() => ask(group.question, group, place)}>ask ${settings(place, group).samples} times</button> <a href=${here({ step: null, group: null })}>ask something else</a></p></section>`
    : html`<form class="ask" @submit=${submit}><textarea rows="3" aria-label="Question" placeholder="Ask a question. Enter sends it." .value=${draft} @input=${(event) => { draft = event.target.value; }} @keydown=${enter}></textarea><button type="submit" class="primary" ?disabled=${!!asking}>ask</button></form>`}`;
}

const program = (use) => html`<details class="program"><summary>Use it from a program</summary>
  <p>These models answer to the OpenAI API at ${command(use.address)} while this page is served. The key is the page’s token.</p>
  <p>Models: ${use.models.map((name) => html`${command(visible(name))} `)}</p><pre tabindex="0" translate="no">${visible(use.python)}</pre></details>`;

export function render({ about, use, group }, place) {
  if (!about.possible) return empty("No model to talk to yet", visible(about.why || "A run can be talked to once it has a checkpoint or a finished model."));
  const mine = turns.filter((turn) => turn.run === place.run);
  return html`<section class="chat-view">${about.warning ? html`<p class="notice">${visible(about.warning)}</p>` : nothing}${controls(about, place, group)}${form(place, group)}${program(use)}
    <div class="turns" aria-live="polite">${mine.map(exchange)}</div>${mine.length ? nothing : html`<p class="quiet">Each question is asked anew; the model’s reasoning is folded, its answer stands open. Format: ${visible(about.format)}, at most ${count(about.max_tokens)} tokens.</p>`}</section>`;
}
