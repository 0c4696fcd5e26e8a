// <whet-list>: a list of any length; only the rows that can be seen are in the page.

import { html, render } from "./vendor/lit-html.js";

const SPARE = 8;

/** Which rows of a list can be seen: [first, last), with a few to spare on both sides. */
export function window_(top, height, row, count) {
  const first = Math.max(0, Math.floor(top / row) - SPARE);
  return [first, Math.min(count, Math.ceil((top + height) / row) + SPARE)];
}

class List extends HTMLElement {
  #given = { count: 0, height: 28, row: () => "" };
  #size = new ResizeObserver(() => this.#draw());

  /** {count, height (pixels of a row), row(i) → template, reached(last)}: `reached` is told which row is the last seen. */
  set data(given) {
    this.#given = given;
    if (this.isConnected) this.#draw();
  }

  connectedCallback() {
    this.tabIndex = 0;
    this.setAttribute("role", "list");
    this.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.#size.observe(this);
    this.#draw();
  }

  disconnectedCallback() {
    this.#size.disconnect();
  }

  #draw() {
    const { count, height, row, reached } = this.#given;
    const [first, last] = window_(this.scrollTop, this.clientHeight || 600, height, count);
    const rows = [];
    for (let at = first; at < last; at += 1) rows.push(html`<div class="row" role="listitem" aria-posinset=${at + 1} aria-setsize=${count}>${row(at)}</div>`);
    render(html`<div class="tall"><div class="seen">${rows}</div></div>`, this);
    this.querySelector(".tall").style.height = `${count * height}px`;
    this.querySelector(".seen").style.transform = `translateY(${first * height}px)`;
    if (last) reached?.(last);
  }
}

customElements.define("whet-list", List);
