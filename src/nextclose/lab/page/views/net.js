// The net unrolled: every number of one window's way through the running net, and its weights as training moves them.

import { h } from "../dom.js";
import { surface } from "../draw.js";
import { bar } from "../net/bar.js";
import { clicked, held, moved, start } from "../net/choice.js";
import { GUTTER, hit, layout } from "../net/layout.js";
import { Model } from "../net/model.js";
import { number, small } from "../net/numbers.js";
import { outcome } from "../net/outcome.js";
import { paintSteps, paintWeights } from "../net/paint.js";
import { chosenCell, readingOf } from "../net/reading.js";
import { unitPanel } from "../net/unit.js";
import { t, told } from "../words.js";

export const id = "net";
export const title = "The net unrolled";

export function mount(root, lab) {
  root.classList.add("net");
  let [model, place, chosen, unit, pointed, shown] = [null, null, start, null, null, false];
  let fault = ""; // what cannot be shown
  const [top, stage, side, under] = [h("div"), h("div", { class: "net-stage" }), h("aside"), h("div")];
  const reading = h("p", { class: "net-reading", id: "net-reading", "aria-live": "polite" });
  const left = h("div", { class: "net-gutter", style: { width: `${GUTTER}px` } });
  const scroller = h("div", { class: "net-steps", tabindex: 0, role: "group", id: "net-steps", "aria-describedby": "net-reading" });
  const hints = h("p", { class: "net-hints quiet" });
  stage.append(left, scroller);
  root.append(top, stage, side, h("div", { class: "net-foot" }, reading, hints), under);
  const weights = surface(left, { label: "" }, (ctx, width, height, ink) => place && paintWeights(ctx, model, place, chosen, ink));
  const steps = surface(scroller, { label: "" }, (ctx, width, height, ink) => place && paintSteps(ctx, model, place, chosen, ink, [scroller.scrollLeft, scroller.scrollLeft + scroller.clientWidth]));
  const panel = unitPanel(side);
  const price = outcome(under);
  const control = bar(top, lab, { step: (by) => stepDay(by), say: (text) => say(text) });

  const body = () => ({
    choices: lab.choices(),
    at: lab.state.get("at"),
    net: Number(lab.state.get("net")) || 0,
    epoch: lab.state.get("epoch") === "" ? null : Number(lab.state.get("epoch")),
  });
  const ask = () => shown && lab.bars && (lab.netAsked = lab.wire.ask("net", body()));
  const askUnit = () => {
    if (!shown || !model || chosen.part === "x") return;
    lab.unitAsked = lab.wire.ask("unit", { ...body(), part: chosen.part === "y" ? "output" : "unit", layer: chosen.layer, step: chosen.step, unit: chosen.unit });
  };

  function stepDay(by) {
    if (!model || !lab.bars) return;
    const row = Math.min(Math.max(lab.row(model.at) + by, lab.row(model.first_at)), lab.row(model.last_at));
    lab.state.set({ at: lab.day(row) });
  }

  const fit = () => {
    if (!model || !scroller.clientWidth) return;
    const tall = stage.clientHeight - 14;
    place = layout(model, scroller.clientWidth, tall);
    steps.canvas.style.width = `${place.width}px`;
    for (const { canvas } of [steps, weights]) canvas.style.height = `${Math.max(place.height, 60)}px`;
    steps.repaint();
    weights.repaint();
  };

  const animate = () => {
    steps.repaint();
    weights.repaint();
    if (model.moving) requestAnimationFrame(animate);
  };

  const take = (header, arrays) => {
    if (header.error) {
      if (header.newest) say(header.error);
      return;
    }
    model = new Model(header, arrays, model);
    chosen = held(chosen, model);
    control.show(model);
    price.show(model);
    fit();
    if (place && !model.from) bringIntoSight();
    if (model.moving) requestAnimationFrame(animate);
    read();
    if (header.newest) askUnit();
    if (chosen.part === "x") panel.show(model, chosen, null);
    lab.netPainted = header.id;
  };

  const takeUnit = (header, arrays) => {
    if (header.error || !model || !header.newest) return;
    unit = [header, arrays];
    lab.unitShown = header.id;
    const [open, scrolled] = [[...side.querySelectorAll("details")].findIndex((one) => one.open), side.scrollTop];
    if (chosen.part !== "x") panel.show(model, chosen, unit);
    const gates = side.querySelectorAll("details");
    if (open > 0 && gates[open]) gates.forEach((gate, at) => (gate.open = at === open));
    side.scrollTop = scrolled;
  };

  const say = (text) => {
    fault = text;
    write();
  };
  const read = () => say("");
  const write = () => {
    const said = lab.unsaid(fault);
    reading.classList.toggle("net-fault", Boolean(said));
    reading.textContent = said ? told(said) : place ? cellRead() : "";
  };
  const cellRead = () => {
    const found = pointed ?? chosenCell(place, chosen);
    return found ? readingOf(model, found) : `y${small(chosen.step + 1)} = ${number(model.now.y[chosen.step])}`;
  };

  const bringIntoSight = () => {
    const cell = chosenCell(place, chosen);
    const x = cell?.strip.x ?? place.h(chosen.step);
    const y = cell ? cell.strip.y + chosen.unit * cell.strip.cell : 0;
    if (y < stage.scrollTop + 40) stage.scrollTop = y - 60;
    else if (y + 60 > stage.scrollTop + stage.clientHeight) stage.scrollTop = y + 80 - stage.clientHeight;
    if (x < scroller.scrollLeft + 40) scroller.scrollLeft = x - 60;
    else if (x + 80 > scroller.scrollLeft + scroller.clientWidth) scroller.scrollLeft = x + 100 - scroller.clientWidth;
  };
  const choose = (next) => {
    chosen = next;
    bringIntoSight();
    steps.repaint();
    weights.repaint();
    read();
    if (chosen.part === "x") panel.show(model, chosen, null);
    else askUnit();
  };

  const output = (event) => {
    if (event.offsetY > place.yTop + 28) return null;
    const step = Array.from({ length: model.flatSteps }, (_, at) => at).find((at) => Math.abs(place.h(at) + place.state.h / 2 - event.offsetX) < Math.max(place.column, 30) / 2);
    return step === undefined ? null : { part: "y", layer: model.layers - 1, unit: 0, step };
  };
  steps.canvas.addEventListener("click", (event) => {
    if (!place) return;
    const next = clicked(hit(place.strips, event.offsetX, event.offsetY), model) ?? output(event);
    if (next) choose(next);
  });
  for (const [surfaceOf, strips] of [[steps, () => place.strips], [weights, () => place.weights]]) {
    surfaceOf.canvas.addEventListener("pointermove", (event) => {
      if (!place) return;
      pointed = hit(strips(), event.offsetX, event.offsetY);
      surfaceOf.canvas.style.cursor = pointed && surfaceOf === steps ? "pointer" : "default";
      read();
    });
    surfaceOf.canvas.addEventListener("pointerleave", () => ((pointed = null), read()));
  }

  const key = (event) => {
    if (!model) return false;
    if (event.code === "KeyE") return control.move(event.shiftKey ? -1 : 1), true;
    if (event.key === "," || event.key === ".") return stepDay(event.key === "," ? -1 : 1), true;
    if (event.key === "Escape") return scroller.focus(), true;
    if (event.target.closest("button, summary, aside")) return false;
    if (event.key.startsWith("Arrow")) return choose(moved(chosen, event.key, model)), true;
    if (event.key !== "Enter") return false;
    side.scrollIntoView({ block: "nearest" });
    side.focus();
    return true;
  };

  const words = () => {
    hints.textContent = t("← → step · ↑ ↓ unit · Enter its arithmetic · e, shift+e epoch · , . session");
    scroller.setAttribute("aria-label", t("The net, step by step: arrow keys choose a cell"));
    side.setAttribute("aria-label", t("The arithmetic of the chosen cell"));
    steps.canvas.setAttribute("aria-label", t("The net unrolled"));
    weights.canvas.setAttribute("aria-label", t("The weights, the same at every step"));
    control.words();
    price.words();
    if (!model) return;
    read();
    fit();
    panel.show(model, chosen, unit);
  };

  lab.wire.on("net", take);
  lab.wire.on("unit", takeUnit);
  scroller.addEventListener("scroll", steps.repaint);
  new ResizeObserver(fit).observe(stage);
  lab.state.on((names) => {
    if ([...names].some((name) => ["at", "net", "epoch"].includes(name) || lab.state.names.includes(name))) ask();
  });
  lab.on("bars", ask);
  lab.on("problem", write);
  lab.on("lang", words);
  words();
  return {
    show: () => ((shown = true), ask()),
    hide: () => ((shown = false), control.stop()),
    key,
  };
}
