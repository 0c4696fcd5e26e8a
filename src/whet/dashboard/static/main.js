// Starts the page: the token, the list of runs, then the view that the address names, again at every change of it.

import { render } from "./vendor/lit-html.js";
import { get, login } from "./api.js";
import { frame } from "./frame.js";
import { listen } from "./keys.js";
import { follow, watch } from "./live.js";
import { followLinks, read } from "./place.js";
import { drawWith, paint, row, state } from "./state.js";
import { begin } from "./theme.js";
import { broken, empty } from "./ui.js";
import * as chat from "./view_chat.js";
import * as check from "./view_check.js";
import * as cost from "./view_cost.js";
import * as curves from "./view_curves.js";
import * as evaluation from "./view_evaluation.js";
import * as find from "./view_find.js";
import * as overview from "./view_overview.js";
import * as problem from "./view_problem.js";
import * as problems from "./view_problems.js";
import * as recipe from "./view_recipe.js";
import * as rollouts from "./view_rollouts.js";
import * as runs from "./view_runs.js";

const VIEWS = { runs, overview, curves, rollouts, find, problems, problem, evaluation, cost, check, recipe, chat };
const app = document.querySelector("#app");
let arrivals = 0;
let leaving = new AbortController();

const view = () => VIEWS[state.place.view] || lost;
const lost = { load: async () => ({}), render: () => empty("No such place", "The address names a view that this page does not have.") };

function draw() {
  render(frame(view()), app);
  view().drawn?.(app);
}

/** Loads what the address names. What was there stays until the new is here. */
async function arrive() {
  const before = state.place;
  const mine = (arrivals += 1);
  leaving.abort();
  leaving = new AbortController();
  state.place = read();
  const moved = before.view !== state.place.view || before.run !== state.place.run;
  if (moved) { state.data = null; state.fault = null; }
  state.busy = true;
  delete document.body.dataset.ready;
  document.title = [state.place.run, state.place.view, "Whet"].filter(Boolean).join(" · ");
  paint();
  await settle(mine, moved);
}

async function settle(mine, moved) {
  try {
    const data = await view().load(state.place, leaving.signal);
    if (mine !== arrivals) return;
    state.data = data;
    state.fault = null;
    if (moved || data.cursor) follow(state.place.run, data.cursor || (await cursorOf(state.place.run)));
  } catch (error) {
    if (mine !== arrivals || error.name === "AbortError") return;
    state.fault = error;
  }
  state.busy = false;
  paint();
  queueMicrotask(() => { document.body.dataset.ready = state.place.view; });
  if (moved) document.querySelector("main")?.scrollTo(0, 0);
}

async function cursorOf(run) {
  if (!run || row(run)?.state !== "running") return "";
  return (await get("overview", { run })).cursor;
}

/** New lines of a run that goes on: a view takes them in, or is loaded again behind what is shown. */
async function grown(news) {
  if (!news.reset && view().grown?.(news, state)) return paint();
  const mine = arrivals;
  const data = await view().load(state.place, leaving.signal).catch(() => null);
  if (data && mine === arrivals) state.data = data;
  paint();
}

async function start() {
  begin();
  drawWith(draw);
  try {
    await login();
    Object.assign(state, await get("runs"));
  } catch (error) {
    render(error.status === 401 ? locked() : broken(error), app);
    document.body.dataset.ready = "locked";
    return;
  }
  followLinks();
  listen(VIEWS);
  window.addEventListener("place", arrive);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  await arrive();
  await watch(grown);
}

const locked = () => empty("This page needs its token", "Open it by the link that the terminal printed: it ends in #token=…", "whet ui");

start();
