// Text that a model, a data set or a stranger wrote. It is only ever put in as text, never as markup, and what the
// eye would not see (control, direction and zero-width characters) is shown as a mark.

import { html, nothing } from "./vendor/lit-html.js";

const NAMES = {
  "\u00ad": "SHY", "\u061c": "ALM", "\u200b": "ZWSP", "\u200c": "ZWNJ", "\u200d": "ZWJ", "\u200e": "LRM", "\u200f": "RLM",
  "\u2028": "LS", "\u2029": "PS", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO",
  "\u2060": "WJ", "\u2061": "FA", "\u2062": "IT", "\u2063": "IS", "\u2064": "IP", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI",
  "\u2069": "PDI", "\ufeff": "BOM", "\u007f": "DEL", "\u180e": "MVS", "\u3164": "HF", "\uffa0": "HHF", "\u115f": "HCF", "\u1160": "HJF",
};

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\u3164\ufeff\uffa0\ufffe\uffff]|[\u{e0000}-\u{e007f}]|(?<!\p{Extended_Pictographic}\ufe0f?)\u200d/gu;

/** The mark of one unseen character: ␀ for NUL, ⟪RLO⟫ for a direction, ⟪U+0085⟫ for the rest. */
export function mark(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return `⟪${NAMES[character] || `U+${code.toString(16).toUpperCase().padStart(4, "0")}`}⟫`;
}

/** Text with marks as plain text, for names and titles. */
export const visible = (text) => String(text ?? "").replace(UNSEEN, mark);

/** Text with marks set apart from what was written. Plain text stays one piece. */
export function shown(text) {
  const whole = String(text ?? "");
  if (whole.search(UNSEEN) < 0) return whole;
  const pieces = [];
  let start = 0;
  for (const found of whole.matchAll(UNSEEN)) {
    if (found.index > start) pieces.push(whole.slice(start, found.index));
    const code = found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    pieces.push(html`<span class="mark" title="U+${code}">${mark(found[0])}</span>`);
    start = found.index + found[0].length;
    if (pieces.length > 4000) break;
  }
  return [...pieces, whole.slice(start)];
}

const LONG = 20000;

/** Text of any length: the beginning, and how much is left out. */
export function bounded(text, most = LONG) {
  const whole = String(text ?? "");
  if (whole.length <= most) return shown(whole);
  return html`${shown(whole.slice(0, most))}<span class="note"> … ${(whole.length - most).toLocaleString("en")} more characters</span>`;
}

/** A completion, with its reasoning and answer as they stand. */
export const written = (text, most) => html`<div class="written">${bounded(text, most)}</div>`;

/** A short one-line text, such as a question in a table. */
export const line = (text, most = 300) => html`<span class="line">${bounded(String(text ?? "").replace(/\s+/g, " "), most)}</span>`;

const SCROLLS = 500;

/** A question with the right answer, where there is one. A long one scrolls by itself, with keys too. */
export const question = (text, gold) => html`<p class="question" tabindex=${String(text ?? "").length > SCROLLS ? "0" : nothing}>${bounded(text, 6000)}${
  gold === null || gold === undefined ? nothing : html` <span class="gold">gold <b>${bounded(gold, 300)}</b></span>`}</p>`;
