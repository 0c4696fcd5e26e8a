// <whet-chart>: one figure over the steps, drawn by uPlot on a canvas, with its healthy range, findings and a crosshair
// that all charts share.

import { number } from "./format.js";

const PAD = 8;

/** The colours in force, as canvas needs them. */
export function colours(element, names) {
  const probe = document.createElement("i");
  element.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return found;
}

const LINES = ["line-1", "line-2", "line-3", "line-4", "line-5", "line-6"];
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [1, 4], [10, 4]];

/** Lays curves with steps of their own over one another: one column of steps, one of values per curve. */
export function joined(series) {
  if (series.every((one) => one.x === series[0].x)) return [series[0].x, ...series.map((one) => one.y)];
  return window.uPlot.join(series.map((one) => [one.x, one.y]));
}

function band(range, colour) {
  return (u) => {
    if (!range) return;
    const [low, high] = range;
    const { left, top, width, height } = u.bbox;
    const y = (value) => u.valToPos(value, "y", true);
    const from = high === null ? top : Math.max(top, Math.min(top + height, y(high)));
    const to = low === null ? top + height : Math.max(top, Math.min(top + height, y(low)));
    if (to <= from) return;
    u.ctx.save();
    u.ctx.fillStyle = colour;
    u.ctx.fillRect(left, from, width, to - from);
    u.ctx.restore();
  };
}

function marks(found, colour) {
  return (u) => {
    const { left, top, width, height } = u.bbox;
    u.ctx.save();
    u.ctx.strokeStyle = colour;
    u.ctx.lineWidth = devicePixelRatio;
    u.ctx.setLineDash([]);
    for (const one of found) {
      const x = u.valToPos(one.step, "x", true);
      if (x < left || x > left + width) continue;
      u.ctx.beginPath();
      u.ctx.moveTo(x, top);
      u.ctx.lineTo(x, top + height);
      u.ctx.stroke();
    }
    u.ctx.restore();
  };
}

class Chart extends HTMLElement {
  #given = null;
  #plot = null;
  #size = new ResizeObserver(() => this.#fit());

  /** {series: [{name, x, y}], range, findings, from, pick(step), zoom(from, to), hover(values)} */
  set data(given) {
    const before = this.#given;
    this.#given = given;
    if (!this.isConnected) return;
    const same = before && this.#plot && before.series.length === given.series.length && before.theme === given.theme
      && before.range?.join() === given.range?.join() && before.findings.length === given.findings.length;
    if (same) this.#plot.setData(joined(given.series));
    else this.#draw();
  }

  connectedCallback() {
    this.#size.observe(this);
    if (this.#given) this.#draw();
  }

  disconnectedCallback() {
    this.#size.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  #fit() {
    if (this.#plot && this.clientWidth) this.#plot.setSize({ width: this.clientWidth, height: this.clientHeight });
  }

  #draw() {
    this.#plot?.destroy();
    this.#plot = new window.uPlot(this.#options(), joined(this.#given.series), this);
  }

  #options() {
    const given = this.#given;
    const [quiet, grid, healthy, alarm, ...lines] = colours(this, ["quiet", "rule", "healthy", "alarm", ...LINES]);
    const axis = { stroke: quiet, font: "11px system-ui, sans-serif", grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    return {
      width: this.clientWidth || 300,
      height: this.clientHeight || 140,
      padding: [PAD, PAD, 0, 0],
      legend: { show: false },
      scales: { x: { time: false }, y: { range: (_, low, high) => ends(low, high) } },
      cursor: { sync: { key: "steps" }, points: { size: 6 }, drag: { x: true, y: false, setScale: false }, y: false },
      axes: [
        { ...axis, size: 24, space: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5] },
        { ...axis, size: 48, space: 28, values: (_, all) => all.map((value) => number(value)) },
      ],
      series: [{}, ...given.series.map((one, at) => ({
        label: one.name, stroke: lines[at % lines.length], width: 1.5, dash: DASHES[at % DASHES.length], spanGaps: true,
        points: { show: one.x.length < 40, size: 4 },
      }))],
      hooks: {
        drawClear: [band(given.range, healthy)],
        draw: [marks(given.findings, alarm)],
        setCursor: [(u) => given.hover?.(u.cursor.idx === null ? null : u.data.map((column) => column[u.cursor.idx]))],
        setSelect: [(u) => this.#selected(u)],
        ready: [(u) => u.over.addEventListener("click", () => this.#clicked(u))],
      },
    };
  }

  #clicked(u) {
    if (u.cursor.idx !== null && !this.zooming) this.#given.pick?.(u.data[0][u.cursor.idx]);
    this.zooming = false;
  }

  #selected(u) {
    const { left, width } = u.select;
    this.zooming = width > 6;
    if (!this.zooming) return;
    this.#given.zoom?.(Math.ceil(u.posToVal(left, "x")), Math.floor(u.posToVal(left + width, "x")));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }
}

/** Ends of a y axis: a little room around the data, and a line in the middle where all values are equal. */
export function ends(low, high) {
  if (low === null || high === null) return [0, 1];
  if (low === high) return low === 0 ? [-0.5, 1] : [low - Math.abs(low) * 0.5, high + Math.abs(high) * 0.5];
  const room = (high - low) * 0.08;
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}

customElements.define("whet-chart", Chart);
