// To the price, beside the close that came and the last one.

import { clear, h } from "../dom.js";
import { scale, signed, surface } from "../draw.js";
import { t } from "../words.js";
import { priceText, small } from "./numbers.js";

export function outcome(root) {
  root.classList.add("net-price");
  let model = null;
  const told = h("div", {});
  const place = h("div", {});
  root.append(told, place);
  const axis = surface(place, { height: 46, label: t("Forecast, truth and last close") }, (ctx, width, height, ink) => model && paint(model, ctx, width, ink));

  const words = () => {
    if (!model) return;
    const { yhat, y, last_close: last } = model;
    const missed = y === null ? "" : t("missed by {missed}; repeating the last close, by {naive}", { missed: signed(y - yhat, 2), naive: signed(y - last, 2) });
    clear(told,
      h("p", {}, h("b", {}, t("To the price")), h("span", { class: "quiet" }, `${model.at}, ${roles()[model.role]}`), h("span", { class: "quiet missed" }, missed)),
      h("p", { class: "sum", id: "net-price" }, h("i", {}, `y${small(model.flatSteps)} `), model.price.replace(/ {3,}/, " · ")));
    axis.canvas.setAttribute("aria-label", t("Forecast, truth and last close"));
    axis.repaint();
  };
  return { words, show: (next) => ((model = next), words()) };
}

const roles = () => ({ train: t("which trained the net"), "held out": t("held out of training"), test: t("in the test span"), neither: t("outside both spans") });

function paint(model, ctx, width, ink) {
  const marks = [[model.last_close, t("last close"), ink.quiet, -1], [model.y, t("truth"), ink.ink, 1], [model.yhat, t("forecast"), ink.accent, -1]].filter(([value]) => Number.isFinite(value));
  const values = marks.map(([value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.25 || Math.abs(high) * 0.01;
  const x = scale(low - room, high + room, 40, width - 40);
  const middle = 23;
  ctx.strokeStyle = ink.line;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(0, middle);
  ctx.lineTo(width, middle);
  ctx.stroke();
  const placed = { "-1": -Infinity, 1: -Infinity };
  for (const [value, name, colour, side] of marks.sort((a, b) => a[0] - b[0])) {
    const text = `${name} ${priceText(value)}`;
    ctx.font = ctx.font.replace(/^.*?px/, colour === ink.accent ? "600 12px" : "12px");
    const half = ctx.measureText(text).width / 2;
    const free = (row) => placed[row] + 10 + half;
    const wish = Math.min(Math.max(x(value), half), width - half);
    const row = free(side) > wish && free(-side) < free(side) ? -side : side;
    const at = Math.max(wish, free(row));
    placed[row] = Math.max(placed[row], at + half);
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.arc(x(value), middle, 4.5, 0, 7);
    ctx.fill();
    ctx.textAlign = "center";
    ctx.fillText(text, at, middle + row * 15);
  }
}
