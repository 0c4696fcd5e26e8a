// A completion token by token: tinted by what was recorded of each, with the numbers on hover and in a table.

import { html, nothing } from "./vendor/lit-html.js";
import { fixed, number, percent, signed } from "./format.js";
import { mark, shown, visible } from "./text.js";

const clamp = (x) => Math.max(0, Math.min(10, Math.round(x)));

/** The tints: which column, which scale, and the class 0…10 of a value. */
export const TINTS = {
  logprob: { words: "log-probability", column: "logprobs", scale: "s", level: (x) => clamp(10 * Math.sqrt(Math.min(1, -x / 6))), ends: ["sure", "unlikely"], show: (x) => `${fixed(x, 3)} nats (${percent(Math.exp(x))})` },
  advantage: { words: "advantage", column: "advantages", scale: "d", level: (x) => clamp(5 + 2.5 * x), ends: ["−2", "+2"], show: (x) => signed(x, 3) },
  ratio: { words: "ratio", column: "ratio", scale: "d", level: (x) => clamp(5 + 10 * Math.log(x)), ends: ["rarer", "likelier"], show: (x) => number(x) },
  entropy: { words: "entropy", column: "entropy", scale: "s", level: (x) => clamp(10 * Math.sqrt(Math.min(1, x / 4))), ends: ["certain", "open"], show: (x) => `${fixed(x, 3)} nats` },
};

/** The column of a tint; the advantage of the whole response stands for each of its tokens. */
export function column(sample, tint) {
  const tokens = sample.tokens_of;
  const found = tokens?.[TINTS[tint]?.column];
  if (found) return found;
  return tint === "advantage" && tokens && sample.advantage !== null ? tokens.ids.map(() => sample.advantage) : null;
}

/** The tints that can be offered for these samples: of the columns that were recorded. */
export const offered = (samples) => Object.keys(TINTS).filter((tint) => samples.some((sample) => column(sample, tint)));

const MOST = 400;

function letters(text) {
  const cut = text.length > MOST ? `${text.slice(0, MOST)}… (${text.length.toLocaleString("en")} characters)` : text;
  return cut.includes("\n") || cut.includes("\t") ? cut.split(/(\n|\t)/).map((part) => (part === "\n" ? html`<span class="newline"></span>${"\n"}` : part === "\t" ? html`<span class="tab"></span>${"\t"}` : shown(part))) : shown(cut);
}

function kind(tokens, values, tint, at) {
  if (tokens.mask && !tokens.mask[at]) return "t other";
  const clipped = tint === "ratio" && tokens.clipped?.[at] ? " clipped" : "";
  return values && values[at] !== null ? `t ${TINTS[tint].scale}${TINTS[tint].level(values[at])}${clipped}` : `t${clipped}`;
}

/** The completion as tinted tokens; hovering or tapping one writes its numbers into the line below. */
export function tinted(sample, tint) {
  const tokens = sample.tokens_of;
  if (!tokens?.texts) return html`<div class="written">${shown(sample.text)}</div>`;
  const values = column(sample, tint);
  const tell = (event) => {
    const token = event.target.closest?.("[data-i]");
    const line = event.currentTarget.parentElement.querySelector(".readout");
    if (token && line) line.textContent = sentence(sample, Number(token.dataset.i));
  };
  return html`<div class="written tokens" @mouseover=${tell} @click=${tell}>${tokens.texts.map((text, at) => html`<span class=${kind(tokens, values, tint, at)} data-i=${at}>${letters(text)}</span>`)}</div>`;
}

/** What is known of one token, as a sentence. */
export function sentence(sample, at) {
  const tokens = sample.tokens_of;
  const numbers = Object.keys(TINTS)
    .map((tint) => [tint, column(sample, tint)?.[at]])
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([tint, value]) => `${TINTS[tint].words} ${TINTS[tint].show(value)}${tint === "ratio" && tokens.clipped?.[at] ? ", clipped" : ""}`);
  const whose = tokens.mask && !tokens.mask[at] ? ["written by somebody else"] : [];
  const text = tokens.texts ? `“${quoted(tokens.texts[at])}” · ` : "";
  return `token ${at + 1} of ${tokens.ids.length} · ${text}id ${tokens.ids[at]} · ${[...whose, ...numbers].join(" · ")}`;
}

const quoted = (text) => visible(text.length > 60 ? `${text.slice(0, 60)}…` : text).replaceAll("\n", "⏎").replaceAll("\t", "⇥").replaceAll("\u0000", mark("\u0000"));

/** The legend of a tint: its scale in eleven steps, with words at both ends. */
export function legend(tint) {
  const { scale, ends, words } = TINTS[tint];
  return html`<span class="legend" aria-label="Scale of the ${words}: from ${ends[0]} to ${ends[1]}" role="img"><span>${ends[0]}</span>${Array.from({ length: 11 }, (_, at) => html`<i class="${scale}${at}"></i>`)}<span>${ends[1]}</span></span>`;
}

/** Every token with its numbers: what the colours say, in words. */
export function tokenTable(sample) {
  const tokens = sample.tokens_of;
  if (!tokens) return nothing;
  const columns = Object.keys(TINTS).map((tint) => [TINTS[tint], column(sample, tint)]).filter(([, values]) => values);
  const row = (at) => html`
    <span class="n">${at + 1}</span><span class="cell">${tokens.texts ? quoted(tokens.texts[at]) : nothing}</span><span class="n">${tokens.ids[at]}</span>
    ${columns.map(([tint, values]) => html`<span class="n">${values[at] === null ? "–" : tint.show(values[at])}</span>`)}
    <span>${tokens.mask && !tokens.mask[at] ? "somebody else’s" : ""}${tokens.clipped?.[at] ? "clipped" : ""}</span>`;
  return html`<div class="token-table" data-columns=${columns.length}><div class="row head"><span class="n">token</span><span>text</span><span class="n">id</span>${columns.map(([tint]) => html`<span class="n">${tint.words}</span>`)}<span></span></div>
    <whet-list aria-label="Tokens" .data=${{ count: tokens.ids.length, height: 24, row }}></whet-list></div>`;
}
