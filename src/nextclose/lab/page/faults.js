// The faults that people commit: their words, switches, and the warning on top while any is on.

import { clear, h } from "./dom.js";
import { t } from "./words.js";

// Each fault's name and what it does, in the page's language.
export const faultWords = () => ({
  leak: [t("Leak the future"), t("Every window ends a session later, on the very day that is to be forecast: a date off by one.")],
  scaler: [t("Fit the scaler on everything"), t("Inputs and target are scaled by what the test sessions hold too, not by the train sessions alone.")],
  split: [t("Shuffle the split"), t("Train and test windows are drawn at random: the net learns from days on both sides of those it is asked about.")],
  pick: [t("20 seeds, keep the best"), t("Twenty nets are trained; the one that does best on the test sessions is shown.")],
  days: [t("Shuffle the days"), t("The days of each window stand in a random order.")],
  axes: [t("reshape for swapaxes"), t("(N, L, F) is made (L, N, F) by reshape, not by swapaxes: each window then holds the days of others.")],
  h0: [t("Carry the state over"), t("The hidden state is never reset: each window starts where the one before it ended.")],
});

// What a fault sets stands in the lab's spec; it is on where the choice of its own name has that value.
export const isOn = (state, name) => state.get(name) === state.spec.faults[name][name];

export const faultsOn = (state) => Object.keys(state.spec.faults).filter((name) => isOn(state, name));

export function turn(state, name, on) {
  const changes = { ...state.spec.faults[name] };
  if (!on) for (const key of Object.keys(changes)) changes[key] = null;
  else if (name === "split" && isOn(state, "h0")) changes.h0 = null; // a state can be carried only in the order of time
  else if (name === "h0" && isOn(state, "split")) changes.split = null;
  state.set(changes);
}

export function mend(state) {
  const keys = faultsOn(state).flatMap((name) => Object.keys(state.spec.faults[name]));
  state.set(Object.fromEntries(keys.map((key) => [key, null])));
}

// In the header, in every view: how many are on, and a way out.
export function faults(root, lab) {
  const draw = () => {
    const on = faultsOn(lab.state);
    root.hidden = !on.length;
    if (!on.length) return;
    const words = faultWords();
    const told = on.length === 1 ? t("1 fault switched on") : t("{count} faults switched on", { count: on.length });
    clear(
      root,
      h("span", { class: "faulty", role: "status", title: on.map((name) => words[name][0]).join(", ") }, told),
      h("button", { class: "button", id: "mend", onclick: () => mend(lab.state) }, on.length === 1 ? t("Mend it") : t("Mend all")),
    );
  };
  lab.state.on(draw);
  lab.on("lang", draw);
  draw();
}
