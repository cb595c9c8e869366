// Live training: the loss, the forecast against truth and persistence, the skill, and what the judge says.

import { clear, h, prose } from "../dom.js";
import { fixed, scale, short, signed, surface } from "../draw.js";
import { LEFT, paintForecast, paintLoss, paintSkill, RIGHT } from "../train/pictures.js";
import { t } from "../words.js";

export const id = "train";
export const title = "Live training";

const AGE = 400; // ms after which a sentence about an older picture is greyed
const TONES = { "beats persistence": "beats", "worse than persistence": "worse" };

export function mount(root, lab) {
  root.classList.add("train");
  const [lossHead, forecastHead] = [h("figcaption"), h("figcaption")];
  const [lossPlace, forecastPlace] = [h("figure", {}, lossHead), h("figure", {}, forecastHead)];
  const skill = h("p", { class: "skill", id: "skill" });
  const interval = h("p", { class: "quiet" });
  const strip = h("div", { class: "strip" });
  const pill = h("p", { id: "verdict" });
  const sentence = h("p", { class: "sentence", id: "sentence" });
  root.append(lossPlace, forecastPlace, h("div", { class: "judged" }, h("div", {}, skill, interval, strip), h("div", {}, pill, sentence)));

  const epochs = h("span", { id: "epochs" });
  const held = h("span");
  const ms = h("span", { id: "ms" });
  const band = h("span");
  const reading = h("span", { class: "right", id: "reading" });
  let pointed = null; // the session under the pointer
  let ageing = null;

  const lost = () => lab.diverged ?? lab.picture;
  const picture = (paint) => (...drawn) => lab.picture && paint(...drawn);
  const loss = surface(lossPlace, { label: t("Training loss by epoch") }, (...drawn) => lost() && paintLoss(lost(), ...drawn));
  const forecast = surface(forecastPlace, { label: t("Forecast, truth and persistence") }, picture((...drawn) => paintForecast(lab, pointed, ...drawn)));
  const bar = surface(strip, { height: 34, label: t("Skill with its 90 % interval") }, picture((...drawn) => paintSkill(lab.picture, ...drawn)));

  const plots = () => {
    const other = lab.state.get("plot") === "change" ? "price" : "change";
    return h("button", { class: "link", id: "plot", onclick: () => lab.state.set({ plot: other }) }, other === "change" ? t("show changes") : t("show prices"));
  };

  const heads = () => {
    clear(lossHead, h("b", {}, t("Loss")), epochs, held, ms);
    clear(forecastHead, key(t("forecast"), "var(--accent)"), band, key(t("truth"), "var(--ink)"), key(t("persistence"), "var(--quiet)", true), plots(), reading);
  };

  // What stands under the pointer; without one, the shapes.
  const read = (place) => {
    const found = lab.picture;
    pointed = place;
    reading.textContent = place === null
      ? `X (${found.shapes.X_train?.join(", ")})`
      : t("{date} {yhat}, truth {y}", { date: lab.day(found.rows[place]), yhat: short(found.yhat[place]), y: short(found.y[place]) });
  };

  const under = (event) => {
    const n = lab.picture?.yhat.length ?? 0;
    const place = Math.round(scale(0, n - 1, LEFT, forecast.canvas.clientWidth - RIGHT).back(event.offsetX));
    return place >= 0 && place < n ? place : null;
  };
  const point = (place) => {
    if (!lab.picture) return;
    read(place);
    forecast.repaint();
  };
  forecast.canvas.addEventListener("pointermove", (event) => point(under(event)));
  forecast.canvas.addEventListener("pointerleave", () => point(null));
  forecast.canvas.addEventListener("click", (event) => {
    const place = under(event);
    if (place !== null) lab.state.set({ at: lab.day(lab.picture.rows[place]) });
  });

  const showLoss = () => {
    if (!lost()) return;
    const { losses, val_losses: apart, ms: took } = lost();
    lossPlace.classList.toggle("diverged", Boolean(lab.diverged));
    epochs.textContent = lab.diverged ? t("diverged") : t("{epochs} epochs", { epochs: losses.shape[1] });
    ms.textContent = lab.diverged ? "" : t("{ms} ms", { ms: fixed(took, 1) });
    clear(held, apart.length ? key(t("held out"), "var(--worse)", true) : null);
    loss.repaint();
    if (lab.diverged) requestAnimationFrame(() => (lab.painted = lost().id));
  };

  const show = () => {
    showLoss();
    const found = lab.picture;
    if (!found) return;
    const [seeds] = found.losses.shape;
    band.textContent = seeds > 1 ? t("band: {seeds} seeds", { seeds }) : "";
    skill.textContent = t("skill {skill}", { skill: compact(found.skill) });
    interval.textContent = t("90 % interval {lo} to {hi}; error {ratio} times that of repeating the last close", {
      lo: compact(found.skill_lo), hi: compact(found.skill_hi), ratio: fixed(found.ratio, 2),
    });
    read(pointed !== null && pointed < found.yhat.length ? pointed : null);
    for (const drawn of [forecast, bar]) drawn.repaint();
    clearTimeout(ageing);
    ageing = setTimeout(() => sentence.classList.add("old"), AGE);
    if (!lab.diverged) requestAnimationFrame(() => (lab.painted = found.id));
  };

  const rule = () => {
    if (!lab.verdict) return;
    clearTimeout(ageing);
    const [own] = lab.verdict.rows;
    clear(pill, h("span", { class: `pill ${TONES[own.verdict] ?? "even"}` }, t(own.verdict)));
    clear(sentence, prose(own.sentence));
    sentence.classList.remove("old");
  };

  lab.on("picture", show);
  lab.on("diverged", showLoss);
  lab.on("verdict", rule);
  const words = () => {
    heads();
    show();
  };
  lab.on("lang", words);
  lab.state.on((names) => names.has("plot") && words());
  words();
  rule();
  return { show };
}

const key = (text, colour, dashed = false) => h("span", { class: dashed ? "key dashed" : "key", style: { "--c": colour } }, text);

const compact = (value) => signed(value, Math.abs(value) >= 10 ? 1 : 3);
