// Following a run while it goes: asks with a cursor each second, and only while somebody looks.

import { forget, get } from "./api.js";
import { paint, row, state } from "./state.js";

const EACH = 1000;
const AWAY = 15000;
const LIST = 4000;
let cursor = "";
let followed = null;
let listed = 0;

/** Begins at what the reader already has of this run; every later answer is only what is new. */
export function follow(run, from) {
  followed = run;
  cursor = from || "";
}

async function list() {
  if (Date.now() - listed < LIST && state.runs) return;
  listed = Date.now();
  const found = await get("runs", { known: state.version });
  if (found.same) return;
  Object.assign(state, { runs: found.runs, version: found.version, root: found.root, whet: found.whet });
  paint();
}

async function news(grown) {
  const run = state.place.run;
  if (!run || followed !== run || !cursor || row()?.state !== "running") return;
  const found = await get("since", { run, cursor });
  if (run !== state.place.run || found.cursor === cursor) return;
  cursor = found.cursor;
  if (found.reset) forget();
  if (found.run) state.runs = state.runs.map((one) => (one.id === run ? found.run : one));
  await grown(found);
  if (found.more) await news(grown);
}

/** Asks for ever; `grown(news)` is told of what came. A page in the background asks nothing; of a server that is away, less and less. */
export async function watch(grown) {
  let pause = EACH;
  for (;;) {
    if (document.visibilityState === "visible") {
      try {
        await list();
        await news(grown);
        document.body.classList.remove("away");
        pause = EACH;
      } catch (error) {
        if (error.status === 401) throw error;
        if (error.status === 0) document.body.classList.add("away");
        pause = Math.min(AWAY, pause * 2);
      }
    }
    await new Promise((resume) => setTimeout(resume, pause));
  }
}
