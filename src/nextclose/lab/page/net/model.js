// The net of the last answer, between two answers when it is on its way from one epoch to the next.

const LENGTH = 240; // ms from one epoch's colours to the next's
const MARKED = 3; // weights that are marked as having moved most

export class Model {
  constructor(header, arrays, before) {
    Object.assign(this, header);
    this.now = arrays;
    this.flatSteps = this.flat ? 1 : this.dates.length;
    const alike = before && sameShapes(arrays, before.now);
    this.from = alike ? before.shown() : null;
    this.began = alike && !matchMedia("(prefers-reduced-motion: reduce)").matches ? performance.now() : -Infinity;
    this.peaks = alike && before.peaks ? before.peaks : {};
    for (const name of Object.keys(arrays)) this.peaks[name] = Math.max(this.peaks[name] ?? floorOf(name, this), ...extremes(arrays[name]));
    this.moved = this.movedSince(alike && before.choices === this.choices && before.net === this.net ? before : null);
  }

  // The weights that moved most since the same net was shown after another epoch.
  movedSince(before) {
    if (!before) return [];
    return before.epochNow === this.epochNow ? before.moved : mostMoved(this.now, before.now);
  }

  get epochNow() {
    return this.epoch ?? this.taken;
  }

  get share() {
    const passed = (performance.now() - this.began) / LENGTH;
    return passed >= 1 ? 1 : 1 - (1 - passed) ** 3;
  }

  get moving() {
    return this.from !== null && performance.now() - this.began < LENGTH;
  }

  has(name) {
    return name in this.now;
  }

  value(name, index) {
    const to = this.now[name][index];
    return this.moving ? this.from[name][index] + (to - this.from[name][index]) * this.share : to;
  }

  // What is on the screen at this moment.
  shown() {
    if (!this.moving) return this.now;
    const part = (name, array) => array.map((_, index) => this.value(name, index));
    return Object.fromEntries(Object.entries(this.now).map(([name, array]) => [name, part(name, array)]));
  }

  // The date of a step; null where its numbers come from several days.
  dateOf(step) {
    const [, F] = this.now.rows.shape;
    const rows = new Set(this.now.rows.subarray(step * F, (step + 1) * F));
    return rows.size === 1 ? this.rows_dates[[...rows][0]] : null;
  }

  // The day and feature that a number read comes from.
  source(step, feature) {
    const at = step * this.features.length + feature;
    return { date: this.rows_dates[this.now.rows[at]], feature: this.features[this.now.columns[at]] };
  }
}

const sameShapes = (one, other) => Object.entries(one).every(([name, array]) => name.includes("losses") || other[name]?.shape.join() === array.shape.join())
  && Object.keys(one).length === Object.keys(other).length;

// States and gates of a bounded curve lie between -1 and 1, whatever they are.
const floorOf = (name, model) => (/^\d+:(start_)?[hrzifgno]$/.test(name) && (model.cell === "lstm" || model.cell === "gru" || model.activation === "tanh") ? 1 : 1e-9);

function extremes(array) {
  let [low, high] = [0, 0];
  for (const value of array) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [-low, high];
}

function mostMoved(now, before) {
  const moves = [];
  for (const [name, array] of Object.entries(now)) {
    if (!/^[wb]_/.test(name)) continue;
    for (let index = 0; index < array.length; index++) moves.push({ name, index, by: array[index] - before[name][index] });
  }
  return moves.filter((move) => move.by).sort((a, b) => Math.abs(b.by) - Math.abs(a.by)).slice(0, MARKED);
}
