// The bar above the walk: its steps with their shapes, a slider over its moments, and whether all is shown at once.

import { clear, h } from "../dom.js";
import { t } from "../words.js";

export const STEPS = ["cut", "stack", "swap", "feed"];
const SHAPES = { cut: "(L, F)", stack: "(N, L, F)", swap: "(L, N, F)", feed: "(N, F)" };

// does: {jump(step), go(by), to(place), play(), whole()}
export function tools(does) {
  const root = h("div", { class: "tools" });
  let steps, back, slider, on, play, whole;

  const draw = () => {
    const names = { cut: t("Cut"), stack: t("Stack"), swap: t("Swap"), feed: t("Feed") };
    steps = STEPS.map((step, k) => h("button", { "data-step": step, onclick: () => does.jump(step) }, h("i", {}, k + 1), names[step], h("small", {}, SHAPES[step])));
    back = h("button", { class: "button", "aria-label": t("Back"), onclick: () => does.go(-1) }, "‹");
    slider = h("input", { type: "range", min: 0, "aria-label": t("Moment of the walk"), oninput: () => does.to(Number(slider.value)) });
    on = h("button", { class: "button", "aria-label": t("On"), onclick: () => does.go(1) }, "›");
    play = h("button", { class: "button primary", onclick: does.play });
    whole = h("button", { class: "button", onclick: does.whole }, t("All at once"));
    clear(root, h("ol", { class: "steps" }, steps.map((step) => h("li", {}, step))), h("div", { class: "moment" }, back, slider, on, play), whole);
  };

  const show = ({ step, at, count, plays, all, heading }) => {
    for (const button of steps) button.setAttribute("aria-current", button.dataset.step === step ? "step" : "false");
    slider.max = count - 1;
    slider.value = at;
    slider.setAttribute("aria-valuetext", heading);
    back.disabled = at === 0;
    on.disabled = at === count - 1;
    play.textContent = plays ? t("Stop") : t("Play");
    whole.setAttribute("aria-pressed", all);
  };

  draw();
  return { root, draw, show };
}
