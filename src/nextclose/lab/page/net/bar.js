// Which window, which net, and after how many epochs.

import { clear, h } from "../dom.js";
import { line, logScale, scale, surface } from "../draw.js";
import { t } from "../words.js";
import { number } from "./numbers.js";

const PAUSE = 70; // ms between epochs while training plays

export function bar(root, lab, { step, say }) {
  root.classList.add("net-bar");
  let model = null;
  const day = h("input", { type: "text", id: "net-at", inputmode: "numeric", size: 10, spellcheck: "false", onchange: () => take() });
  const take = () => {
    const good = /^\d{4}-\d{2}-\d{2}$/.test(day.value.trim()) && Number.isFinite(Date.parse(day.value.trim()));
    day.setAttribute("aria-invalid", !good);
    if (good) lab.state.set({ at: day.value.trim() });
    else say(t("Expected a date such as {date}, got '{got}'.", { date: model?.last_at ?? "", got: day.value }));
  };
  const seed = h("select", { id: "net-seed", onchange: () => lab.state.set({ net: seed.value }) });
  const epoch = h("input", { type: "range", id: "net-epoch", min: 0, step: 1, oninput: () => go(Number(epoch.value)) });
  const told = h("output", { for: "net-epoch", id: "net-epoch-told" });
  const moved = h("span", { class: "net-moved quiet" });
  const play = h("button", { id: "net-play", class: "button" });
  const end = h("button", { class: "link", id: "net-end", hidden: true, onclick: () => go(null) });
  const curve = h("div", { class: "net-curve" });
  const parts = [h("div", {}), h("div", {}), h("div", { class: "net-epochs" })];
  root.append(...parts);
  const canvas = surface(curve, { height: 30, label: t("Training loss by epoch") }, (ctx, width, height, ink) => model && paintLoss(model, ctx, width, height, ink));

  // The net that forecasts is the one without a number.
  const go = (value) => {
    if (!model) return;
    const next = value === null ? null : Math.min(Math.max(value, 0), model.ran);
    lab.state.set({ epoch: next === null || next === model.taken ? null : String(next) });
  };
  const move = (by) => model && go(asked() + by);
  const asked = () => (lab.state.get("epoch") === "" ? model.taken : Math.min(Number(lab.state.get("epoch")), model.ran));

  let playing = null;
  const stop = () => {
    clearTimeout(playing);
    playing = null;
    words();
  };
  const start = () => {
    const stride = Math.max(1, Math.round(model.ran / 120));
    const on = () => {
      if (asked() >= model.taken) return stop();
      go(Math.min(asked() + stride, model.taken));
      playing = setTimeout(on, PAUSE);
    };
    go(asked() >= model.taken ? 0 : asked());
    playing = setTimeout(on, 3 * PAUSE);
    words();
  };
  play.addEventListener("click", () => (playing ? stop() : model && start()));

  const words = () => {
    const button = (text, label, onclick, id) => h("button", { class: "button", "aria-label": label, title: label, onclick, id }, text);
    clear(parts[0],
      h("label", { for: "net-at" }, t("The close of")),
      button("‹", t("The session before (,)"), () => step(-1), "net-before"), day, button("›", t("The session after (.)"), () => step(1), "net-after"));
    clear(parts[1], h("label", { for: "net-seed" }, t("Net")), seed);
    clear(parts[2],
      play, button("−", t("One epoch back (shift+e)"), () => move(-1), "net-back"),
      h("div", { class: "net-track" }, curve, epoch), button("+", t("One epoch on (e)"), () => move(1), "net-on"),
      h("div", { class: "net-told" }, h("div", {}, told, end), moved));
    play.textContent = playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", playing ? t("Pause") : t("Play the training"));
    play.title = play.getAttribute("aria-label");
    epoch.setAttribute("aria-label", t("Epoch"));
    end.textContent = t("to the end");
    canvas.canvas.setAttribute("aria-label", t("Training loss by epoch"));
    show();
  };

  const show = () => {
    if (!model) return;
    day.value = model.at;
    day.removeAttribute("aria-invalid");
    clear(seed, Array.from({ length: model.nets }, (_, at) => h("option", { value: at, selected: at === model.net }, t("{net} of {nets}", { net: at + 1, nets: model.nets }))));
    parts[1].hidden = model.nets < 2;
    epoch.max = model.ran;
    if (document.activeElement !== epoch || model.epoch === null) epoch.value = model.epochNow;
    told.textContent = model.epochNow === 0 ? t("before training") : t("after epoch {epoch} of {ran}", { epoch: model.epochNow, ran: model.ran });
    epoch.setAttribute("aria-valuetext", told.textContent);
    end.hidden = model.epoch === null;
    moved.textContent = model.moved.length ? t("moved most: {weight} by {by}", { weight: nameOf(model, model.moved[0]), by: number(model.moved[0].by) }) : "";
    canvas.repaint();
  };

  words();
  return { show: (next) => ((model = next), show()), words, move, stop };
}

// A weight by name and place, w_h_l1[3, 2].
export function nameOf(model, { name, index }) {
  const [, cols] = model.now[name].shape;
  const place = cols === undefined ? index : `${Math.floor(index / cols)}, ${index % cols}`;
  return `${name[0].toUpperCase()}${name.slice(1)}`.replace("B_", "b_") + `[${place}]`;
}

function paintLoss(model, ctx, width, height, ink) {
  const { losses, val_losses: held } = model.now;
  const all = [...losses, ...held].filter((value) => value > 0);
  if (!all.length) return;
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const x = scale(0, model.ran, 8, width - 8);
  const y = high / low > 8 ? logScale(low, high, height - 4, 4) : scale(low, high, height - 4, 4);
  const at = (array) => line(ctx, Array.from(array, (_, epoch) => x(epoch + shiftOf(array))), Array.from(array, y), array === held ? ink.worse : ink.quiet, 1.3, array === held ? [3, 3] : []);
  const shiftOf = (array) => (array === held ? 1 : 0);
  at(losses);
  if (held.length) at(held);
  const loss = losses[Math.min(model.epochNow, model.ran - 1)];
  ctx.fillStyle = ink.accent;
  ctx.beginPath();
  ctx.arc(x(model.epochNow), y(loss), 4, 0, 7);
  ctx.fill();
}
