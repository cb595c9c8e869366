// The picture that is dragged: what of the gradient reaches the first day, by spectral radius.

import { feet, levels, line, logScale, powers, short, ticks } from "../draw.js";
import { t } from "../words.js";
import { along, decades, dots, FOOT, largest, LEFT, power, power10, relative, RIGHT } from "./axes.js";

const GONE = 1e-3; // as lab/backwards_words.py has it

// The gradient that reaches the first day, by radius: where it vanishes and where it explodes.
export function paintRadius(view, ctx, width, height, ink) {
  const { seen, sweep } = view;
  if (!seen.movable) return;
  const x = along(seen, width);
  const floor = height - FOOT;
  const marks = ticks(0, seen.reach, 4).map((value) => [x(value), short(value)]);
  feet(ctx, marks, floor + 12, ink);
  const left = sweep ? Array.from(sweep.left) : [];
  const own = now(seen);
  const [low, high] = decades([...left, own, GONE / 10]);
  const y = logScale(low, Math.max(high, 10 ** Math.max(1, Math.ceil(-Math.log10(low) / 5))), floor, 6);
  const at = (value) => (value >= low ? y(value) : NaN);
  shade(ctx, y(y.to), y(1), width, ink.worse);
  shade(ctx, y(GONE), floor, width, ink.quiet);
  levels(ctx, y, powers(low, y.to), LEFT, width - RIGHT, ink, power);
  ctx.fillStyle = ink.quiet;
  name(ctx, t("explodes"), "left", LEFT + 8, y(y.to), y(1));
  name(ctx, t("vanishes"), "right", width - RIGHT - 8, y(GONE), floor);
  if (sweep) line(ctx, Array.from(sweep.grid, x), left.map(at), ink.accent, 2);
  seen.radii.forEach((gates) => gates.forEach((value, gate) => {
    triangle(ctx, x(value), floor, ink.worse);
    if (gates.length > 1 && seen.radii.length === 1) letter(ctx, seen.gates[gate], x(value), floor - 13, ink.worse);
  }));
  const rho = seen.rho ?? largest(seen);
  ctx.strokeStyle = ink.ink;
  ctx.globalAlpha = 0.35;
  ctx.beginPath();
  ctx.moveTo(x(rho), 6);
  ctx.lineTo(x(rho), floor);
  ctx.stroke();
  ctx.globalAlpha = 1;
  if (!(own >= low)) return;
  dots(ctx, [x(rho)], [at(own)], ink.accent, 5);
  const right = x(rho) < width - 90;
  ctx.fillStyle = ink.ink;
  ctx.textAlign = right ? "left" : "right";
  ctx.fillText(own < 1e-3 ? power10(own) : short(own), x(rho) + (right ? 10 : -10), Math.min(at(own) + 13, floor - 8));
}

// What reaches h_1 of what h_L has, as the top layer is looked at now.
const now = (seen) => {
  const own = relative(seen.state_norm, seen.state_norm.shape[0] - 1);
  return own[1];
};

function shade(ctx, from, to, width, colour) {
  ctx.fillStyle = colour;
  ctx.globalAlpha = 0.08;
  ctx.fillRect(LEFT, from, width - RIGHT - LEFT, to - from);
  ctx.globalAlpha = 1;
}

function name(ctx, text, side, x, from, to) {
  ctx.textAlign = side;
  if (to - from > 12) ctx.fillText(text, x, from + Math.min((to - from) / 2, 13));
}

function letter(ctx, text, x, y, colour) {
  ctx.fillStyle = colour;
  ctx.textAlign = "center";
  ctx.fillText(text, x, y);
}

function triangle(ctx, x, y, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(x, y - 7);
  ctx.lineTo(x - 4, y);
  ctx.lineTo(x + 4, y);
  ctx.fill();
}

// A radius is chosen on the picture as on the slider under it.
export function drags(canvas, view, state) {
  const move = (event) => {
    if (!view.seen?.movable) return;
    const rho = along(view.seen, canvas.clientWidth).back(event.offsetX);
    state.set({ rho: Math.min(Math.max(rho, 0), view.seen.reach).toFixed(2) });
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    move(event);
  });
  canvas.addEventListener("pointermove", (event) => canvas.hasPointerCapture(event.pointerId) && move(event));
}
