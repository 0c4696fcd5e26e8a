// One problem, answered before and after, side by side; where the two part is marked.

import { html, nothing } from "./vendor/lit-html.js";
import { count } from "./format.js";
import { bounded, question, shown } from "./text.js";

const verdict = (answer) => (answer.finish === "length" ? ["cut", "truncated"] : answer.correct ? ["right", "right"] : answer.lenient ? ["wrong", "right, but not in its place"] : ["wrong", "wrong"]);

/** The first character at which two texts differ; null where they are the same. */
export function parting(a, b) {
  const most = Math.min(a.length, b.length);
  for (let at = 0; at < most; at += 1) if (a[at] !== b[at]) return at;
  return a.length === b.length ? null : most;
}

const MOST = 20000;

function marked(text, from) {
  if (from === null || from === undefined || from >= text.length || from > MOST) return bounded(text);
  return html`${shown(text.slice(0, from))}<mark class="differs">${bounded(text.slice(from), MOST)}</mark>`;
}

function side(title, answer, from) {
  if (!answer) return nothing;
  const [kind, words] = verdict(answer);
  return html`<section class="side ${kind}"><header><span class="quiet">${title}</span> <span class="outcome ${kind}"><i class="dot ${kind}"></i> ${words}</span>
    ${answer.answer === null ? html`<span class="note">no answer</span>` : html`<b class="answer">${bounded(answer.answer, 80)}</b>`} <span class="note n">${count(answer.tokens)} tokens</span></header>
    <div class="written">${marked(answer.response, from)}</div></section>`;
}

/** The question, the gold answer, and both completions. `titles`: what the two sides are called. */
export function pair(one, titles = ["before", "after"]) {
  const from = one.before && one.after ? parting(one.before.response, one.after.response) : null;
  return html`<div class="pair">${question(one.question, one.gold)}
    <div class="sides ${one.before && one.after ? "" : "single"}">${side(titles[0], one.before, from)}${side(titles[1], one.after, from)}</div></div>`;
}
