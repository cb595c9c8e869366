// A choice of one of a few, walked through with the arrow keys.

import { h } from "../dom.js";

export function radios(attributes, values, chosen, set, children) {
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    set(values[(values.indexOf(chosen) + step + values.length) % values.length]);
    event.preventDefault();
    event.stopPropagation();
  };
  return h("div", { ...attributes, role: "radiogroup", onkeydown: move }, children);
}

export const radio = (name, on, press, words) =>
  h("button", { role: "radio", "data-keep": name, "aria-checked": String(on), tabindex: on ? 0 : -1, onclick: press }, words);

// Draw anew, and leave the focus where it was: on the choice that is on now.
export function keepingFocus(root, draw) {
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  const kept = focused?.dataset.keep;
  draw();
  if (!kept || root.contains(focused)) return focused?.focus();
  (root.querySelector(`[data-keep="${kept}"][aria-checked=true]`) ?? root.querySelector(`[data-keep="${kept}"]`))?.focus();
}
