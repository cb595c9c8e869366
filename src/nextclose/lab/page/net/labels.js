// The words of the diagram: what its strips are called, its dates, and the numbers before they were scaled.

import { short } from "../draw.js";
import { t } from "../words.js";
import { priceText, small } from "./numbers.js";

export const font = (ctx, size, bold = false) => (ctx.font = ctx.font.replace(/^.*?px/, `${bold ? "600 " : ""}${size}px`));

// Dates below, and beside each number read what it was before it was scaled.
export function feet(ctx, model, place, chosen, ink) {
  const { state, column, xTop, xRow } = place;
  const F = model.features.length;
  const every = Math.max(1, Math.ceil(38 / column));
  for (let step = 0; step < model.dates.length; step++) {
    const [middle, date] = [place.x(step) + state.x / 2, model.dateOf(step)];
    const on = model.flat || chosen.step === step;
    const odd = date !== model.dates[step];
    const hidden = every > 1 && !on && Math.abs(step - chosen.step) * column < 44;
    if ((step % every === 0 && !hidden) || (on && !model.flat)) {
      font(ctx, 11, on && !model.flat);
      ctx.textAlign = "center";
      ctx.fillStyle = odd ? ink.worse : on && !model.flat ? ink.accent : ink.quiet;
      const text = date === null ? t("mixed") : column >= 74 ? date : date.slice(5);
      const half = ctx.measureText(text).width / 2;
      ctx.fillText(text, Math.min(Math.max(middle, half), place.width - half), xTop + xRow * F + 11);
    }
    if (column - state.x < 46) continue;
    font(ctx, 10.5);
    ctx.textAlign = "right";
    ctx.fillStyle = ink.quiet;
    const room = column - state.x - 10;
    for (let f = 0; f < F; f++) {
      const raw = model.now.raw[step * F + f];
      ctx.fillText(fitting(ctx, raw, room), place.x(step) - 6, xTop + (f + 0.5) * xRow + 0.5);
    }
  }
}

const fitting = (ctx, value, room) => [priceText(value), short(value)].find((text) => ctx.measureText(text).width <= room)
  ?? value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 });

// What the strips are called: over the chosen step, and over each where there is room.
export function heads(ctx, model, place, chosen, ink) {
  const { state, top, column } = place;
  const roomy = column >= 56;
  ctx.textAlign = "left";
  for (let layer = 0; layer < model.layers; layer++) {
    for (let step = 0; step < model.flatSteps; step++) {
      const on = chosen.step === step && chosen.layer === layer && chosen.part === "h";
      if (!roomy && !on) continue;
      ctx.fillStyle = on ? ink.accent : ink.quiet;
      font(ctx, 11, on);
      ctx.fillText(`h${small(model.flat ? 1 : step + 1)}`, place.h(step) + state.h / 2 + 6, top(layer) - 8);
      if (state.gate >= 5) place.gates.forEach((gate, number) => letter(ctx, gate, place.h(step) - state.before + number * (state.gate + 1) + state.gate / 2, top(layer) - 8, ink));
      if (state.c >= 10) letter(ctx, "c", place.h(step) - state.c / 2 - 2, top(layer) - 8, ink);
      ctx.textAlign = "left";
    }
    if (model.flat) continue;
    ctx.textAlign = "center";
    ctx.fillStyle = model.h0 === "carried" ? ink.worse : ink.quiet;
    font(ctx, 11);
    ctx.fillText(model.h0 === "zero" ? "h₀=0" : "h₀", place.first - 20, top(layer) - 8);
    ctx.textAlign = "left";
  }
  if (column < 56) return;
  ctx.fillStyle = ink.quiet;
  font(ctx, 10.5);
  for (let step = 0; step < model.flatSteps; step++) {
    const x = place.h(step) + state.h / 2 + 6;
    if (!model.flat) ctx.fillText("W_x", x, place.xTop - 12);
    ctx.fillText("W_y", x, place.yTop + 34);
    if (!model.flat && column - state.total >= 34) {
      ctx.textAlign = "center";
      const left = step ? place.h(step - 1) + state.h : place.first - 14;
      ctx.fillText(model.memory ? "W_h" : "0", (left + place.h(step) - state.before) / 2, top(0) + place.block / 2 - 8);
      ctx.textAlign = "left";
    }
  }
}

export function letter(ctx, text, x, y, ink) {
  font(ctx, 10.5);
  ctx.textAlign = "center";
  ctx.fillStyle = ink.quiet;
  ctx.fillText(text, x, y);
}

export function title(ctx, model, strip, place, ink) {
  font(ctx, 11.5);
  ctx.textAlign = "left";
  ctx.fillStyle = ink.ink;
  const base = strip.array.replace(/_l\d$/, "");
  if (strip.layer < 0) {
    if (base !== "w_y") return;
    ctx.fillText("W_y", 8, strip.y + 7);
    font(ctx, 10.5);
    ctx.fillStyle = ink.quiet;
    ctx.fillText(`(1, ${strip.cols})`, strip.x, strip.y + 22);
    return;
  }
  if (base.startsWith("b")) {
    letter(ctx, "b", strip.x + strip.room / 2, strip.y + place.block + 10, ink);
    return;
  }
  const [rows, cols] = model.now[strip.array].shape;
  ctx.fillText(base === "w_x" ? "W_x" : "W_h", strip.x, strip.y - (model.gates.length > 1 ? 22 : 11));
  font(ctx, 10.5);
  ctx.fillStyle = ink.quiet;
  if (strip.room > 62) ctx.fillText(`(${rows}, ${cols})`, strip.x + 27, strip.y - (model.gates.length > 1 ? 22 : 11));
  else ctx.fillText(`(${rows}, ${cols})`, strip.x, strip.y + place.block + 10);
}
