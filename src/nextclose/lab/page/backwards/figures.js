// The view's elements: four figures with their keys and sentences, and the slider under one of them.

import { clear, h, prose } from "../dom.js";
import { fixed, signed, surface } from "../draw.js";
import { t, told } from "../words.js";
import { column, dayName, digits, largest, money, radii } from "./axes.js";
import { drags, paintRadius } from "./radius.js";
import { paintDays, paintPath, paintStart, paintSteps } from "./steps.js";

export function build(root, lab, view) {
  const { state } = lab;
  const parts = {};
  const saying = () => h("p", { class: "said" });
  const figure = (...content) => h("figure", {}, ...content);

  const head = h("div", { class: "head" });
  const problem = h("p", { class: "said worse", role: "alert", hidden: true });
  const [pathHead, radiusHead, daysHead, startHead] = Array.from({ length: 4 }, () => h("figcaption"));
  const [pathSaid, radiusSaid, daysSaid, startSaid] = Array.from({ length: 4 }, saying);
  const [pathPlace, stepsPlace, radiusPlace, daysPlace, startPlace] = Array.from({ length: 5 }, (_, place) => h("div", { class: place === 1 ? "strip" : "plot" }));
  const stepsHead = h("figcaption", { class: "small" });
  const range = h("input", { type: "range", id: "rho", min: 0, max: 2, step: 0.01, oninput: () => state.set({ rho: range.value }) });
  const rail = h("div", { class: "rail" }, range);
  root.append(head, problem,
    figure(pathHead, pathPlace, stepsHead, stepsPlace, pathSaid),
    figure(radiusHead, radiusPlace, rail, radiusSaid),
    figure(daysHead, daysPlace, daysSaid),
    figure(startHead, startPlace, startSaid));

  const paint = (painter) => (...args) => view.seen && painter(view, ...args);
  const charts = {
    path: surface(pathPlace, { label: t("Gradient by step") }, paint(paintPath)),
    steps: surface(stepsPlace, { label: t("How far each step stretches") }, paint(paintSteps)),
    radius: surface(radiusPlace, { label: t("Gradient that reaches the first day, by spectral radius") }, paint(paintRadius)),
    days: surface(daysPlace, { label: t("Effect of each day on the forecast") }, paint(paintDays)),
    start: surface(startPlace, { label: t("Distance from the walk that starts at zero") }, paint(paintStart)),
  };
  drags(charts.radius.canvas, view, state);
  charts.days.canvas.addEventListener("pointermove", (event) => {
    const over = view.seen ? Math.floor(column(view.seen, charts.days.canvas.clientWidth).back(event.offsetX) + 0.5) - 1 : -1;
    if (over === view.over) return;
    view.over = over;
    charts.days.repaint();
    daysKeys();
  });

  const heads = () => {
    const { seen } = view;
    const choose = seen.seeds > 1
      ? h("label", { class: "quiet" }, t("Net"), " ", h("select", { id: "net", onchange: (event) => state.set({ net: event.target.value }) },
        Array.from({ length: seen.seeds }, (_, seed) => h("option", { value: seed, selected: seed === seen.net }, t("{net} of {nets}", { net: seed + 1, nets: seen.seeds })))))
      : null;
    clear(head,
      h("button", { class: "button", "aria-label": t("The session before"), onclick: () => parts.step(-1) }, "‹"),
      h("button", { class: "button", "aria-label": t("The next session"), onclick: () => parts.step(1) }, "›"),
      h("p", {}, h("b", {}, prose(t("Forecast for {day}: {price}", { day: seen.day, price: money(seen.price) })))),
      h("p", { class: "quiet" }, t("it came to {truth}; the last close was {last}", { truth: money(seen.truth), last: money(seen.last_close) })),
      choose);
    const layers = seen.state_norm.shape[0];
    clear(pathHead, h("b", {}, seen.time ? t("Gradient by step") : t("Gradient at each day")),
      mark(seen.time ? "‖∂ŷ/∂hₜ‖" : "‖∂ŷ/∂xₜ‖", "var(--accent)"),
      seen.time ? mark(t("at most"), "var(--quiet)", true) : null,
      layers > 1 ? mark(t("below it"), "var(--reach)") : null,
      seen.time && seen.rho !== null ? mark(t("as trained"), "var(--worse)", true) : null);
    clear(radiusHead, h("b", {}, t("Spectral radius of W_h")),
      h("output", { for: "rho" }, seen.movable ? (seen.rho === null ? t("as trained: {radii}", { radii: radii(seen) }) : fixed(seen.rho, 2)) : "–"),
      seen.rho === null ? null : h("button", { class: "link", id: "as-trained", onclick: () => state.set({ rho: null }) }, t("back to {radii}", { radii: radii(seen) })));
    clear(stepsHead, seen.time ? [mark(t("largest singular value"), "var(--ink)", false, "dot"), mark(t("spectral radius of each step's Jacobian"), "var(--quiet)", false, "ring")] : []);
    clear(startHead, h("b", {}, t("How soon h₀ is forgotten")),
      seen.starts.map((name) => mark(name === "random" ? t("random") : t("carried over"), name === "random" ? "var(--accent)" : "var(--worse)")),
      seen.time ? h("span", {}, t("against zero")) : null);
  };

  const daysKeys = () => {
    const { seen, over } = view;
    const there = over >= 0 && over < seen.change.length;
    const value = (array) => (there ? ` ${signed(array[over], digits(array))}` : "");
    clear(daysHead, h("b", {}, there ? dayName(seen, over) : t("Which day mattered")),
      mark(t("without it") + value(seen.change), "var(--accent)", false, "bar"),
      mark(t("by gradient") + value(seen.tangent), "var(--worse)", false, "bar"),
      instead(state));
  };

  let fault = "";
  const complain = () => {
    const said = lab.unsaid(fault);
    problem.hidden = !said;
    problem.textContent = told(said);
  };
  parts.fail = (text) => {
    fault = text;
    complain();
  };
  lab.on("problem", complain);
  parts.show = () => {
    const { seen, sweep } = view;
    if (!seen) return;
    parts.fail("");
    radiusPlace.hidden = rail.hidden = !seen.movable;
    startPlace.hidden = !seen.time;
    stepsHead.hidden = stepsPlace.hidden = !seen.time;
    const focused = document.activeElement?.id;
    heads();
    daysKeys();
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    range.max = seen.reach;
    range.disabled = !seen.movable;
    range.value = seen.rho ?? largest(seen);
    range.setAttribute("aria-label", t("Spectral radius of W_h"));
    range.setAttribute("aria-valuetext", seen.rho === null ? t("as trained: {radii}", { radii: radii(seen) }) : fixed(seen.rho, 2));
    clear(pathSaid, prose(seen.words.gradient));
    clear(radiusSaid, prose([seen.words.radius, sweep?.words].filter(Boolean).join(" ")));
    clear(daysSaid, prose(seen.words.days));
    clear(startSaid, prose(seen.words.start));
    for (const [name, said] of [["path", pathSaid], ["radius", radiusSaid], ["days", daysSaid], ["start", startSaid]]) charts[name].canvas.setAttribute("aria-label", said.textContent);
    for (const chart of Object.values(charts)) chart.repaint();
  };
  return parts;
}

const instead = (state) => {
  const values = [["mean", t("an average day")], ["before", t("the day before")]];
  const now = state.get("instead");
  return h("select", { id: "instead", "aria-label": t("in its place"), onchange: (event) => state.set({ instead: event.target.value }) },
    values.map(([value, text]) => h("option", { value, selected: value === now }, text)));
};

const mark = (text, colour, dashed = false, kind = "") => h("span", { class: `key ${dashed ? "dashed" : ""} ${kind}`, style: { "--c": colour } }, text);
