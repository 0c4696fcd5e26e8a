// What a run costs: seconds by phase, the share of the machine that was used, and what was sampled for nothing.

import { html } from "./vendor/lit-html.js";
import { count, duration, percent } from "./format.js";
import { at } from "./place.js";
import { link, stack } from "./ui.js";

export const PHASES = [
  ["rollout", "sampling", "p-1"], ["grade", "grading", "p-2"], ["reference", "reference", "p-3"], ["learn", "learning", "p-4"], ["other", "check, warm start, evaluation", "p-5"],
];

/** Seconds by phase as one bar. */
export function costBar(cost) {
  const parts = PHASES.filter(([name]) => cost.seconds[name] > 0).map(([name, words, kind]) => ({ name: words, value: cost.seconds[name], kind, words: duration(cost.seconds[name]) }));
  return html`<p class="n"><b class="big">${duration(cost.whole)}</b> <span class="quiet">for ${count(cost.steps)} steps, ${count(cost.tokens)} tokens sampled, ${count(cost.per_second)} a second</span></p>
    ${stack(parts, `Seconds by phase: ${parts.map((part) => `${part.name} ${part.words}`).join(", ")}`)}`;
}

/** Groups without signal, truncated tokens, η: what was paid for and taught nothing. */
export function wasteLine(cost) {
  const facts = [
    [percent(cost.efficiency, 0), "of what this machine can do at best (η)", at("cost")],
    [percent(cost.groups ? cost.groups_no_signal / cost.groups : null, 0), `of ${count(cost.groups)} groups without signal`, at("find", { signal: 0 })],
    [percent(cost.tokens ? cost.tokens_truncated / cost.tokens : null, 0), "of the tokens in truncated completions", at("find", { finish: "length" })],
  ];
  if (cost.groups_discarded) facts.push([count(cost.groups_discarded), "groups sampled and not learned from", at("cost")]);
  if (cost.replayed) facts.push([count(cost.replayed), "completions of earlier steps used again", at("cost")]);
  return html`<ul class="facts-list">${facts.map(([figure, words, address]) => html`<li><b class="n">${figure}</b> ${link(address, words)}</li>`)}</ul>`;
}
