// Backwards: the gradient on its way back, what a step hands on, which day mattered, and how soon the start is forgotten.

import { build } from "../backwards/figures.js";

export const id = "backwards";
export const title = "Backwards";

const ASKED = ["at", "net", "epoch", "rho", "instead"];

export function mount(root, lab) {
  root.classList.add("backwards");
  const { state } = lab;
  const view = { seen: null, steps: null, sweep: null, swept: "", keys: {}, over: -1, live: false };
  const parts = build(root, lab, view);

  const key = () => JSON.stringify([lab.choices(), state.get("source"), state.get("at"), net(), epoch(), state.get("lang")]);
  const epoch = () => (state.get("epoch") === "" ? null : Number(state.get("epoch")));
  const net = () => Math.min(Number(state.get("net")) || 0, Number(state.get("seeds")) - 1);

  const ask = () => {
    if (!view.live || !lab.bars) return;
    const body = { choices: lab.choices(), sweep: view.swept !== key(), net: net(), epoch: epoch() };
    for (const name of ["at", "rho", "instead"]) body[name] = state.get(name);
    const asked = lab.wire.ask("backwards", body);
    view.keys = { ...view.keys, [asked]: key() };
    lab.backwards = { ...lab.backwards, asked };
  };

  lab.wire.on("backwards", (header, arrays) => {
    if (header.error) {
      if (header.newest) parts.fail(header.error);
      return;
    }
    if (header.part === "back") {
      if (view.seen && header.day !== view.seen.day) view.over = -1;
      view.seen = { ...header, ...arrays };
      if (!header.time) view.steps = null;
      if (!header.movable || view.keys[header.id] !== view.swept) view.sweep = null;
    }
    if (header.part === "jacobians") view.steps = arrays;
    if (header.part === "sweep") {
      view.sweep = { ...header, ...arrays };
      view.swept = view.keys[header.id];
    }
    if (header.newest) view.keys = { [header.id]: view.keys[header.id] };
    parts.show();
    if (header.part === "back") requestAnimationFrame(() => (lab.backwards = { ...lab.backwards, painted: header.id }));
  });
  state.on((names) => ASKED.some((name) => names.has(name)) && ask());
  lab.on("picture", ask);
  lab.on("lang", () => {
    parts.show();
    ask();
  });

  const step = (by) => {
    if (!view.seen || !lab.picture) return;
    const rows = Array.from(lab.picture.rows).sort((a, b) => a - b);
    const at = rows.indexOf(lab.row(view.seen.day));
    const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
    if (next !== undefined) state.set({ at: lab.day(next) });
  };
  parts.step = step;

  return {
    show: () => {
      view.live = true;
      ask();
    },
    hide: () => (view.live = false),
    key: (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -21, PageDown: 21 }[event.key];
      if (by) step(by);
      return Boolean(by);
    },
  };
}
