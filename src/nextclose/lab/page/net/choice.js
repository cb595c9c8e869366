// The chosen cell: {part: "x" | "h" | "y", layer, unit, step}, and where the arrow keys take it.

export const start = { part: "h", layer: 0, unit: 0, step: Infinity };

// The nearest cell that the net has.
export function held(chosen, model) {
  const steps = chosen.part === "x" ? model.dates.length : model.flatSteps;
  const units = { x: model.features.length, h: model.hidden, y: 1 }[chosen.part];
  return {
    part: chosen.part,
    layer: Math.min(chosen.layer, model.layers - 1),
    unit: Math.min(chosen.unit, units - 1),
    step: Math.min(chosen.step, steps - 1),
  };
}

// Left and right go through time, up and down through x, the layers and y as they are drawn.
export function moved(chosen, key, model) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (by) return held({ ...chosen, step: Math.max(chosen.step + by, 0) }, model);
  const column = [{ part: "y", layer: model.layers - 1, unit: 0 }];
  for (let layer = model.layers - 1; layer >= 0; layer--) {
    for (let unit = 0; unit < model.hidden; unit++) column.push({ part: "h", layer, unit });
  }
  model.features.forEach((_, unit) => column.push({ part: "x", layer: 0, unit }));
  const at = column.findIndex((one) => one.part === chosen.part && one.unit === chosen.unit && (one.part !== "h" || one.layer === chosen.layer));
  const next = column[Math.min(Math.max(at + (key === "ArrowDown" ? 1 : -1), 0), column.length - 1)];
  return held({ ...next, step: chosen.step }, model);
}

// The cell that a click on a strip means; null where it means none.
export function clicked(found, model) {
  if (!found) return null;
  const { strip, row } = found;
  if (strip.kind === "x") return { part: "x", layer: 0, unit: row, step: strip.step };
  if (strip.kind === "weight") return null;
  if (strip.kind.startsWith("start")) return { part: "h", layer: strip.layer, unit: row, step: 0 };
  return held({ part: "h", layer: strip.layer, unit: row, step: strip.step }, model);
}
