// One line that says what lies under the pointer, or is chosen.

import { t } from "../words.js";
import { nameOf } from "./bar.js";
import { number, priceText, small } from "./numbers.js";

export function readingOf(model, found) {
  const { strip, row, col } = found;
  const index = strip.index(row, col);
  const value = number(model.now[strip.array][index]);
  if (strip.kind === "weight") return `${nameOf(model, { name: strip.array, index })} = ${value}`;
  const layer = model.layers > 1 ? ` · ${t("layer {layer}", { layer: strip.layer + 1 })}` : "";
  if (strip.kind === "x") {
    const { date, feature } = model.source(strip.step, row);
    return `x${small(strip.step + 1)} · ${feature} ${date}: ${priceText(model.now.raw[index])} → ${value}`;
  }
  const letter = strip.kind.startsWith("start") ? strip.array.slice(-1) : strip.gate ?? strip.kind;
  const step = model.flat ? 1 : strip.step + 1;
  const said = `${letter}${small(step)}[${row}] = ${value}${layer}`;
  if (strip.kind === "start" && model.h0 === "carried") return `${said} · ${t("carried over from the window before")}`;
  return model.flat || strip.step < 0 ? said : `${said} · ${model.dateOf(strip.step) ?? t("mixed days")}`;
}

// What is chosen, as the strip and cell that show it.
export function chosenCell(place, chosen) {
  const strip = place.strips.find((one) => one.kind === chosen.part && one.step === chosen.step && (chosen.part === "x" || one.layer === chosen.layer));
  return strip ? { strip, row: chosen.unit, col: 0 } : null;
}
