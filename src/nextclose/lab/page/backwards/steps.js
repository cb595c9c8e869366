// The pictures on the left, by step: the gradient on its way back, each step's Jacobian, each day's effect; and the start's.

import { feet, levels, line, logScale, powers, scale, ticks } from "../draw.js";
import { column, decades, dots, FOOT, LEFT, power, relative, RIGHT, rings, stepFeet, sub } from "./axes.js";

export function paintPath(view, ctx, width, height, ink) {
  const { seen, steps } = view;
  if (!seen.time) return paintInputs(seen, ctx, width, height, ink);
  const layers = seen.state_norm.shape[0];
  const own = Array.from({ length: layers }, (_, layer) => relative(seen.state_norm, layer));
  const trained = seen.rho === null ? [] : relative(seen.trained_norm, layers - 1);
  const kept = steps && steps.kept.length === own[0].length ? Array.from(steps.kept).reverse() : [];
  const floor = height - FOOT;
  const [low, high] = decades([...own.flat(), ...trained, ...kept]);
  const x = column(seen, width);
  const y = logScale(low, high, floor, 6);
  const at = (value) => (value >= low ? y(value) : NaN);
  const xs = own[0].map((_, step) => x(step));
  levels(ctx, y, powers(low, high), LEFT, width, ink, power);
  line(ctx, xs, kept.map(at), ink.quiet, 1.2, [2, 3]);
  line(ctx, xs, trained.map(at), ink.worse, 1.4, [4, 3]);
  for (let layer = 0; layer < layers - 1; layer++) line(ctx, xs, own[layer].map(at), ink.reach, 1.6);
  const top = own[layers - 1].map(at);
  line(ctx, xs, top, ink.accent, 2);
  if (xs.length <= 25) dots(ctx, xs, top, ink.accent);
  feet(ctx, stepFeet(seen, x, 0), floor + 12, ink);
}

function paintInputs(seen, ctx, width, height, ink) {
  const floor = height - FOOT;
  const values = Array.from(seen.x_norm);
  const x = column(seen, width);
  const y = scale(0, Math.max(...values) * 1.1 || 1, floor, 6);
  levels(ctx, y, ticks(0, y.to, 3), LEFT, width, ink);
  ctx.fillStyle = ink.accent;
  const wide = Math.min((width - LEFT) / (values.length + 1) * 0.4, 26);
  values.forEach((value, place) => ctx.fillRect(x(place + 1) - wide / 2, y(value), wide, floor - y(value)));
  feet(ctx, stepFeet(seen, x, 1), floor + 12, ink);
}

// How far each step stretches a difference at most, and its spectral radius; at 1 it is kept as it is.
export function paintSteps(view, ctx, width, height, ink) {
  const { seen, steps } = view;
  if (!steps || steps.norm.length !== seen.change.length) return;
  const all = [...steps.norm, ...steps.radius].filter((value) => value > 1e-3);
  const span = Math.max(1.5, ...all, ...all.map((value) => 1 / value)) * 1.2;
  const x = column(seen, width);
  const y = logScale(1 / span, span, height - 2, 2);
  const at = (value) => (value > 1e-3 ? y(value) : NaN);
  levels(ctx, y, [1], LEFT, width, ink);
  const xs = Array.from(steps.norm, (_, place) => x(place + 1));
  for (const [values, colour] of [[steps.radius, ink.quiet], [steps.norm, ink.ink]]) {
    const ys = Array.from(values, at);
    ctx.globalAlpha = 0.4;
    line(ctx, xs, ys, colour, 1);
    ctx.globalAlpha = 1;
    if (colour === ink.ink) dots(ctx, xs, ys, colour, xs.length > 25 ? 1.5 : 3);
    else rings(ctx, xs, ys, colour, ink.paper, xs.length > 25 ? 1.5 : 3);
  }
}

export function paintDays(view, ctx, width, height, ink) {
  const { seen, over } = view;
  const floor = height - FOOT;
  const { change, tangent } = seen;
  const all = [...change, ...tangent];
  const room = (Math.max(...all, 0) - Math.min(...all, 0)) * 0.06 || 1;
  const x = column(seen, width);
  const y = scale(Math.min(...all, 0) - room, Math.max(...all, 0) + room, floor, 6);
  levels(ctx, y, ticks(y.from, y.to, 3), LEFT, width, ink);
  const each = (width - LEFT - RIGHT) / (change.length + 1);
  const wide = Math.max(Math.min(each * 0.3, 20), 1.5);
  if (over >= 0 && over < change.length) {
    ctx.fillStyle = ink.faint;
    ctx.fillRect(x(over + 1) - each / 2, 6, each, floor - 6);
  }
  const bar = (value, left, colour) => {
    ctx.fillStyle = colour;
    ctx.fillRect(left, Math.min(y(value), y(0)), wide, Math.max(Math.abs(y(value) - y(0)), 0.5));
  };
  for (let place = 0; place < change.length; place++) {
    bar(change[place], x(place + 1) - wide - 0.5, ink.accent);
    bar(tangent[place], x(place + 1) + 0.5, ink.worse);
  }
  ctx.strokeStyle = ink.quiet;
  ctx.beginPath();
  ctx.moveTo(LEFT, Math.round(y(0)) + 0.5);
  ctx.lineTo(width, Math.round(y(0)) + 0.5);
  ctx.stroke();
  feet(ctx, stepFeet(seen, x, 1), floor + 12, ink);
}

export function paintStart(view, ctx, width, height, ink) {
  const { seen } = view;
  const floor = height - FOOT;
  const [starts, columns] = seen.distance.shape;
  if (!starts) return;
  const rows = Array.from({ length: starts }, (_, start) => Array.from(seen.distance.subarray(start * columns, (start + 1) * columns)));
  const [low, high] = decades(rows.flat());
  const x = scale(0, columns - 1, LEFT + 12, width - RIGHT - 12);
  const y = logScale(low, high, floor, 6);
  const at = (value) => (value >= low ? y(value) : NaN);
  levels(ctx, y, powers(low, high), LEFT, width, ink, power);
  const xs = rows[0].map((_, step) => x(step));
  rows.forEach((row, start) => {
    const colour = seen.starts[start] === "random" ? ink.accent : ink.worse;
    line(ctx, xs, row.map(at), colour, 2);
    if (columns <= 25) dots(ctx, xs, row.map(at), colour);
  });
  const every = Math.max(1, Math.ceil((columns - 1) / 8));
  feet(ctx, xs.map((place, step) => [place, step === 0 ? "h₀" : `h${sub(step)}`]).filter((_, step) => step % every === 0 || step === columns - 1), floor + 12, ink);
}
