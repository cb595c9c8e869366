// Draws the diagram: the steps on one canvas, the weights on another beside it.

import { diverging, isDark } from "../draw.js";
import { feet, font, heads, letter, title } from "./labels.js";
import { GUTTER } from "./layout.js";
import { brief } from "./numbers.js";

const DIGITS = 10.8; // pixels a cell needs for its number
const WIDE = 27;
const TONES = 128;

// `sight` is what of the steps can be seen, [left, right].
export function paintSteps(ctx, model, place, chosen, ink, sight) {
  tones = palette();
  const inSight = place.strips.filter((strip) => strip.x + strip.w > sight[0] && strip.x < sight[1]);
  flows(ctx, model, place, chosen, ink);
  band(ctx, place, chosen, place.width, ink);
  for (const strip of inSight) cells(ctx, model, strip, ink);
  outputs(ctx, model, place, chosen, ink);
  outlines(ctx, model, inSight, chosen, ink);
  feet(ctx, model, place, chosen, ink);
  heads(ctx, model, place, chosen, ink);
}

export function paintWeights(ctx, model, place, chosen, ink) {
  tones = palette();
  band(ctx, place, chosen, GUTTER, ink);
  for (const strip of place.weights) {
    cells(ctx, model, strip, ink, false);
    frame(ctx, strip, ink.line);
    if (strip.first) title(ctx, model, strip, place, ink);
    if (model.gates.length > 1 && strip.layer >= 0 && strip.cols > 1 && strip.w > 9) letter(ctx, model.gates[strip.gate], strip.x + strip.w / 2, strip.y - 8, ink);
  }
  ctx.textAlign = "right";
  ctx.fillStyle = ink.quiet;
  model.features.forEach((name, f) => {
    const on = chosen.part === "x" && chosen.unit === f;
    ctx.fillStyle = on ? ink.accent : ink.quiet;
    font(ctx, 11.5, on);
    ctx.fillText(name, GUTTER - 10, place.xTop + (f + 0.5) * place.xRow);
  });
  marks(ctx, model, place, ink);
  for (const strip of place.weights) if (meets(strip, chosen)) rowFrame(ctx, strip, strip.layer < 0 ? 0 : chosen.unit, ink.accent);
}

// Colours for -1..1 in steps: a picture may have tens of thousands of cells.
let tones = null;

function palette() {
  const dark = isDark();
  if (tones?.dark === dark) return tones;
  return { dark, of: Array.from({ length: 2 * TONES + 1 }, (_, at) => diverging(at / TONES - 1)), over: dark ? "#10141a" : "#fff" };
}

// The colour of each cell, and its number where there is room.
function cells(ctx, model, strip, ink, digits = true) {
  const width = strip.w / strip.cols;
  const peak = model.peaks[strip.array] || 1;
  const told = digits && strip.cell >= DIGITS && width >= WIDE;
  if (told) font(ctx, Math.min(strip.cell - 2, width / 2.9, 11));
  ctx.textAlign = "center";
  for (let row = 0; row < strip.rows; row++) {
    for (let col = 0; col < strip.cols; col++) {
      const value = model.value(strip.array, strip.index(row, col));
      const share = value / peak;
      ctx.fillStyle = tones.of[Math.round(TONES * (1 + Math.min(Math.max(share, -1), 1)))];
      const [x, y] = [strip.x + col * width, strip.y + row * strip.cell];
      ctx.fillRect(x, y, width - (width > 5 ? 0.6 : 0), strip.cell - (strip.cell > 5 ? 0.6 : 0));
      if (told) {
        ctx.fillStyle = Math.abs(share) > 0.55 ? tones.over : ink.ink;
        ctx.fillText(brief(value), x + width / 2, y + strip.cell / 2 + 0.5);
      }
    }
  }
}

// The chosen unit's row, through weights and states.
function band(ctx, place, chosen, width, ink) {
  const [y, tall] = chosen.part === "h" ? [place.top(chosen.layer) + chosen.unit * place.row, place.row]
    : chosen.part === "x" ? [place.xTop + chosen.unit * place.xRow, place.xRow] : [place.yTop, 24];
  ctx.fillStyle = ink.accent;
  ctx.globalAlpha = 0.09;
  ctx.fillRect(0, y - 1, width, tall + 1);
  ctx.globalAlpha = 1;
}

// What flows where; what flows into the chosen cell is lit.
function flows(ctx, model, place, chosen, ink) {
  const { top, block, xTop, state } = place;
  const last = model.layers - 1;
  const into = (layer, step) => chosen.part === "h" && chosen.layer === layer && (chosen.step === step || model.flat);
  const draw = (from, to, lit, off = false) => arrow(ctx, from, to, lit ? ink.accent : ink.reach, lit ? 2 : 1.2, off);
  for (let step = 0; step < model.dates.length; step++) {
    const from = [place.x(step) + state.x / 2, xTop - 2];
    const h = place.h(model.flat ? 0 : step) + state.h / 2;
    const spread = model.flat ? (step - (model.dates.length - 1) / 2) * Math.min(4, state.h / model.dates.length) : 0;
    draw(from, [h + spread, top(0) + block + 2], into(0, step));
  }
  for (let step = 0; step < model.flatSteps; step++) {
    const h = place.h(step) + state.h / 2;
    for (let layer = 1; layer <= last; layer++) draw([h, top(layer - 1) - 2], [h, top(layer) + block + 2], into(layer, step));
    const out = chosen.part === "y" && (chosen.step === step || model.flat);
    draw([h, top(last) - 2], [h, place.yTop + 26], out, false);
    if (model.flat) continue;
    for (let layer = 0; layer <= last; layer++) {
      const left = step ? place.h(step - 1) + state.h : place.first - 14;
      const y = top(layer) + block / 2;
      draw([left + 2, y], [place.h(step) - state.before - 2, y], into(layer, step) && model.memory, !model.memory);
      if (state.c && place.column > 80) draw([left + 2, y - block / 4], [place.h(step) - state.before - 2, y - block / 4], into(layer, step));
    }
  }
}

function arrow(ctx, [x0, y0], [x1, y1], colour, width, dashed) {
  const angle = Math.atan2(y1 - y0, x1 - x0);
  const size = Math.min(5, Math.hypot(x1 - x0, y1 - y0) * 0.6);
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash(dashed ? [2, 3] : []);
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1 - Math.cos(angle) * size, y1 - Math.sin(angle) * size);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  for (const turn of [2.65, -2.65]) ctx.lineTo(x1 + Math.cos(angle + turn) * size * 1.25, y1 + Math.sin(angle + turn) * size * 1.25);
  ctx.fill();
}

// y at every step; the last one is the forecast.
function outputs(ctx, model, place, chosen, ink) {
  const { state, column } = place;
  const wide = model.flat ? 58 : Math.min(58, Math.max(column - 4, 16));
  for (let step = 0; step < model.flatSteps; step++) {
    const last = step === model.flatSteps - 1;
    const x = place.h(step) + state.h / 2 - wide / 2;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.roundRect(x + 0.5, place.yTop + 0.5, wide - 1, 23, 5);
    ctx.fillStyle = last ? ink.accent : ink.paper;
    ctx.fill();
    if (!last) {
      ctx.setLineDash([2, 2]);
      ctx.strokeStyle = ink.reach;
      ctx.stroke();
      ctx.setLineDash([]);
    }
    if (wide >= 26) {
      font(ctx, wide >= 40 ? 11.5 : wide >= 34 ? 10 : 9.3, last);
      ctx.textAlign = "center";
      ctx.fillStyle = last ? ink.paper : ink.quiet;
      ctx.fillText(brief(model.value("y", step)), x + wide / 2, place.yTop + 12.5);
    }
    if (chosen.part === "y" && chosen.step === step) {
      ctx.strokeStyle = ink.accent;
      ctx.lineWidth = 2;
      ctx.beginPath();
      ctx.roundRect(x - 2, place.yTop - 2, wide + 4, 28, 7);
      ctx.stroke();
    }
  }
}

// Frames of all strips; those that the chosen cell reads, and the cell itself, in the accent.
function outlines(ctx, model, strips, chosen, ink) {
  for (const strip of strips) {
    const read = reads(model, strip, chosen);
    if (strip.kind === "gate" && strip.w < 6) continue;
    frame(ctx, strip, read ? ink.accent : ink.line, read ? 1.6 : 1);
  }
  for (const strip of strips) {
    const own = strip.kind === chosen.part && strip.step === chosen.step && (chosen.part === "x" || strip.layer === chosen.layer);
    const gate = chosen.part === "h" && (strip.kind === "gate" || strip.kind === "c") && strip.layer === chosen.layer && strip.step === chosen.step;
    if (own || gate) rowFrame(ctx, strip, chosen.unit, own ? ink.ink : ink.accent);
  }
}

function reads(model, strip, chosen) {
  if (chosen.part === "y") return strip.kind === "h" && strip.layer === model.layers - 1 && strip.step === chosen.step;
  if (chosen.part !== "h") return false;
  const below = chosen.layer ? strip.kind === "h" && strip.layer === chosen.layer - 1 : strip.kind === "x";
  if (below && (strip.step === chosen.step || model.flat)) return true;
  const before = ["h", "c", "start", "start_c"].includes(strip.kind) && strip.layer === chosen.layer && strip.step === chosen.step - 1;
  return before && (model.memory || strip.kind.endsWith("c"));
}

const meets = (strip, chosen) => (chosen.part === "h" ? strip.layer === chosen.layer : chosen.part === "y" && strip.layer < 0);

function frame(ctx, strip, colour, width = 1) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.strokeRect(strip.x - 0.5, strip.y - 0.5, strip.w + 0.6, strip.rows * strip.cell + 0.6);
}

function rowFrame(ctx, strip, row, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.strokeRect(strip.x - 1, strip.y + row * strip.cell - 1, strip.w + 2, Math.max(strip.cell, 3) + 1);
}

// A quiet ring on the weights that moved most since the picture before.
function marks(ctx, model, place, ink) {
  for (const { name, index } of model.moved) {
    for (const strip of place.weights) {
      if (strip.array !== name) continue;
      const [width, at] = [strip.w / strip.cols, index - strip.index(0, 0)];
      if (at < 0 || at >= strip.rows * strip.cols) continue;
      const [row, col] = [Math.floor(at / strip.cols), at % strip.cols];
      ctx.strokeStyle = ink.ink;
      ctx.lineWidth = 1.2;
      ctx.beginPath();
      ctx.arc(strip.x + (col + 0.5) * width, strip.y + (row + 0.5) * strip.cell, Math.max(Math.min(width, strip.cell) / 2 - 1, 2.5), 0, 7);
      ctx.stroke();
    }
  }
}
