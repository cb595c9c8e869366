// The three pictures of a training run: loss by epoch, forecast against truth, skill on a line.

import { band, feet, levels, line, logScale, powers, scale, short, signed, ticks } from "../draw.js";

export const LEFT = 58;
export const RIGHT = 10;
const FOOT = 22;

export function paintLoss(picture, ctx, width, height, ink) {
  const { losses, val_losses: held } = picture;
  const [seeds, epochs] = losses.shape;
  const all = [...losses, ...held].filter((value) => value > 0 && Number.isFinite(value));
  if (!all.length) return;
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const floor = height - FOOT;
  const x = scale(1, Math.max(epochs, 2), LEFT, width - RIGHT);
  const wide = high / low > 8;
  const y = wide ? logScale(low / 1.1, high * 1.1, floor, 8) : scale(low - (high - low) * 0.06, high + (high - low) * 0.06, floor, 8);
  levels(ctx, y, wide ? powers(low / 1.1, high * 1.1) : ticks(y.from, y.to, 4), LEFT, width, ink, size);
  const xs = Array.from({ length: epochs }, (_, epoch) => x(epoch + 1));
  const row = (array, seed) => array.subarray(seed * epochs, (seed + 1) * epochs);
  for (let seed = 0; seed < seeds; seed++) {
    ctx.globalAlpha = seeds > 1 ? 0.55 : 1;
    line(ctx, xs, Array.from(row(losses, seed), y), ink.accent, seeds > 1 ? 1.2 : 2);
    if (held.length) line(ctx, xs, Array.from(row(held, seed), y), ink.worse, 1.2, [3, 3]);
    if (picture.part === "diverged") end(ctx, xs, Array.from(row(losses, seed), y), ink.worse);
  }
  ctx.globalAlpha = 1;
  feet(ctx, ticks(1, epochs, 4).filter(Number.isInteger).map((epoch) => [x(Math.max(epoch, 1)), short(Math.max(epoch, 1))]), floor + 13, ink);
}

export function paintForecast(lab, pointed, ctx, width, height, ink) {
  const { picture } = lab;
  const [seeds, n] = picture.prices.shape;
  const { prices, yhat, truth, last } = series(picture, lab.state.get("plot"));
  const floor = height - FOOT;
  const x = scale(0, n - 1, LEFT, width - RIGHT);
  const [low, high] = range([truth, last, yhat]);
  const y = scale(low, high, floor, 8);
  const text = lab.state.get("plot") === "change" ? (value) => `${signed(100 * value, 1)} %` : short;
  levels(ctx, y, ticks(low, high, 4), LEFT, width, ink, text);
  const xs = Array.from({ length: n }, (_, i) => x(i));
  ctx.save();
  ctx.beginPath();
  ctx.rect(LEFT, 0, width - LEFT, floor);
  ctx.clip();
  if (seeds > 1) {
    const [lows, highs] = spread(prices, seeds, n);
    band(ctx, xs, lows.map(y), highs.map(y), ink.accent);
  }
  line(ctx, xs, Array.from(last, y), ink.quiet, 1.2, [2, 3]);
  line(ctx, xs, Array.from(truth, y), ink.ink, 1.4);
  line(ctx, xs, Array.from(yhat, y), ink.accent, 2);
  if (pointed !== null && pointed < n) {
    line(ctx, [xs[pointed], xs[pointed]], [0, floor], ink.reach, 1);
    dot(ctx, xs[pointed], y(truth[pointed]), ink.ink);
    dot(ctx, xs[pointed], y(yhat[pointed]), ink.accent);
  }
  ctx.restore();
  const months = firsts(Array.from(picture.rows.subarray(0, n), (row) => lab.day(row).slice(0, 7)));
  const every = Math.ceil(months.length / 6);
  feet(ctx, months.filter((_, i) => i % every === 0).map(([i, month]) => [x(i), month]), floor + 13, ink);
}

// Where each value stands for the first time.
const firsts = (values) => [...values.entries()].filter(([i, value]) => value !== values[i - 1]);

// Closes as they are, or as changes from the last close, in which persistence is 0 throughout.
function series(picture, plot) {
  const { prices, yhat, y: truth, last_close: last } = picture;
  if (plot !== "change") return { prices, yhat, truth, last };
  const change = (values) => values.map((value, i) => value / last[i % last.length] - 1);
  return { prices: change(prices), yhat: change(yhat), truth: change(truth), last: new Float32Array(last.length) };
}

const size = (value) => (value >= 1e6 ? value.toExponential(0).replace("e+", "e") : short(value));

// Where a curve stops being numbers.
function end(ctx, xs, ys, colour) {
  const last = ys.findLastIndex(Number.isFinite);
  if (last >= 0) dot(ctx, xs[last], ys[last], colour);
}

function dot(ctx, x, y, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(x, y, 3.5, 0, 7);
  ctx.fill();
}

// The truth with room around it: forecasts far off leave the picture rather than flatten it.
function range(series) {
  const [truth] = series;
  const [least, most] = [Math.min(...truth), Math.max(...truth)];
  const room = (most - least) * 0.9 || 1;
  let [low, high] = [least, most];
  for (const values of series) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      low = Math.max(Math.min(low, value), least - room);
      high = Math.min(Math.max(high, value), most + room);
    }
  }
  const pad = (high - low) * 0.05;
  return [low - pad, high + pad];
}

function spread(prices, seeds, n) {
  const [lows, highs] = [new Array(n).fill(Infinity), new Array(n).fill(-Infinity)];
  for (let seed = 0; seed < seeds; seed++) {
    for (let i = 0; i < n; i++) {
      lows[i] = Math.min(lows[i], prices[seed * n + i]);
      highs[i] = Math.max(highs[i], prices[seed * n + i]);
    }
  }
  return [lows, highs];
}

// Skill on a line that is even near 0, where honest nets lie, and logarithmic beyond, so that bad ones can be told apart too.
export function paintSkill(picture, ctx, width, height, ink) {
  const squash = (skill) => Math.asinh(skill * 40);
  const x = scale(squash(-100), squash(1), 6, width - 6);
  const at = (skill) => x(squash(Math.max(skill, -100)));
  const middle = 12;
  ctx.fillStyle = ink.faint;
  ctx.fillRect(6, middle - 3, width - 12, 6);
  ctx.fillStyle = ink.accent;
  ctx.globalAlpha = 0.35;
  ctx.fillRect(at(picture.skill_lo), middle - 3, Math.max(at(picture.skill_hi) - at(picture.skill_lo), 2), 6);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = ink.ink;
  ctx.beginPath();
  ctx.moveTo(at(0), middle - 8);
  ctx.lineTo(at(0), middle + 8);
  ctx.stroke();
  ctx.fillStyle = ink.accent;
  ctx.beginPath();
  ctx.arc(at(picture.skill), middle, 5, 0, 7);
  ctx.fill();
  feet(ctx, [[at(-10), "−10"], [at(-1), "−1"], [at(-0.1), "−0.1"], [at(0), "0"], [at(0.1), "0.1"], [at(1) - 4, "1"]], middle + 16, ink);
}
