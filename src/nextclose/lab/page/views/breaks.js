// Breaking it on purpose: the settings without any fault, then with each one that people commit, and what the judge says.

import { patiently } from "../ask.js";
import { clear, h, prose } from "../dom.js";
import { line, scale, signed, surface } from "../draw.js";
import { faultsOn, faultWords, isOn, turn } from "../faults.js";
import { t, told } from "../words.js";

export const id = "breaks";
export const title = "Break it on purpose";

const ALARM = 0.05;
const BEND = 40; // skill is told apart near 0, and still seen far below
const TICKS = [-1000, -100, -10, -1, -0.1, 0, 0.1, 1];
const ROOM = 1.9; // percent of the width that half a digit takes
const TONES = { "beats persistence": "beats", "worse than persistence": "worse" };

export function mount(root, lab) {
  root.classList.add("breaks-view");
  const { state } = lab;
  const intro = h("div", { class: "intro" });
  const head = h("div", { class: "fault head" });
  const table = h("div", { class: "faults" });
  root.append(intro, head, table);

  let found = {}; // name -> { header, arrays, old }
  let note = null;
  let problem = null;
  let done = false;
  const rows = {}; // name -> the row's parts

  const wanted = () => {
    const on = faultsOn(state);
    const undone = new Set(on.flatMap((name) => Object.keys(state.spec.faults[name])));
    const plain = Object.entries(lab.choices()).filter(([name]) => !undone.has(name));
    return [[state.get("source"), state.get("lang"), plain.sort()], on.length > 1 ? on : null];
  };
  const asking = patiently(wanted, (known) => {
    if (!lab.bars) return 0;
    const [settings, together] = wanted();
    const same = known && done && JSON.stringify(JSON.parse(known)[0]) === JSON.stringify(settings);
    if (same && !together) return delete found.together, draw(), true;
    for (const [name, one] of Object.entries(found)) if (!same || name === "together") one.old = true;
    if (!same) note = null;
    done = false;
    draw();
    return lab.wire.ask("breaks", { choices: lab.choices(), ...(same ? { only: "together" } : {}) });
  });

  lab.wire.on("breaks", (header, arrays) => {
    if (!header.newest) return;
    problem = header.error ?? null;
    if (header.part === "note") note = header;
    if (header.part === "done") done = true;
    if (header.part === "row") found[header.name] = { header, arrays, old: false };
    draw();
  });

  // The rows, in the order of the spec; the last one is there while several faults are on.
  const names = () => ["honest", ...Object.keys(state.spec.faults), ...(faultsOn(state).length > 1 ? ["together"] : [])];

  const row = (name) => {
    const one = {
      box: name in state.spec.faults ? h("input", { type: "checkbox", role: "switch", id: `fault-${name}`, onchange: () => turn(state, name, one.box.checked) }) : null,
      called: h("h3"),
      does: h("p"),
      number: h("p", { class: "score" }),
      strip: strip(),
      judge: h("div", { class: "judge" }),
      caption: h("figcaption", { class: "quiet" }),
      open: false,
    };
    const picture = h("figure");
    one.canvas = surface(picture, { height: 78, label: t("Forecast and truth, the last 60 sessions") }, (...place) => found[name]?.arrays?.y && paint(found[name].arrays, ...place));
    picture.append(one.caption);
    one.element = h("section", { class: `fault ${name}`, "data-name": name },
      h("div", { class: "what" }, one.box ? h("label", { for: one.box.id }, one.box, one.called) : one.called, one.does),
      picture,
      h("div", { class: "points" }, one.number, one.strip.element),
      one.judge);
    return one;
  };

  const draw = () => {
    const shown = names();
    for (const name of shown) if (!rows[name]) table.append((rows[name] = row(name)).element);
    for (const [name, one] of Object.entries(rows)) one.element.hidden = !shown.includes(name);
    drawIntro();
    const at = scaleOf(found);
    clear(head,
      h("span", {}, t("Fault")),
      h("div", {}, t("Last 60 test sessions"), h("div", { class: "keys" }, key(t("forecast"), "var(--accent)"), key(t("truth"), "var(--ink)"))),
      axis(at),
      h("span", {}, t("What it did here, and what the judge says")));
    for (const name of shown) fill(name, rows[name], at, found.honest?.header.skill);
  };

  const drawIntro = () => {
    const fault = lab.unsaid(problem);
    intro.classList.toggle("noted", Boolean(note || fault));
    if (fault) return clear(intro, h("p", {}, prose(fault)));
    if (!note) return clear(intro, h("p", {}, t("Every row is your settings with one fault. Some flatter, some spoil, some change nothing on these bars: see which. A switch leaves its fault on in every other view too.")));
    const label = note.recipe === "tutorial-return" ? t("On the return target") : t("On the recipe '{name}'", { name: note.recipe });
    clear(intro, h("p", {}, told(note.note)), h("button", { class: "button primary", id: "better-net", onclick: () => state.start(note.recipe) }, label));
  };

  const fill = (name, one, at, honest) => {
    const { header, old } = found[name] ?? {};
    one.element.classList.toggle("old", Boolean(old));
    one.element.classList.toggle("on", Boolean(one.box) && isOn(state, name));
    one.element.classList.toggle("alarmed", Boolean(header?.alarm));
    [one.called.textContent, one.does.textContent] = words()[name];
    if (one.box) {
      one.box.checked = isOn(state, name);
      one.box.disabled = Boolean(header?.problem) && !one.box.checked;
    }
    one.strip.show(header?.problem ? null : header, at, honest);
    if (one.told === header && one.lang === state.get("lang")) return;
    one.told = header;
    one.lang = state.get("lang");
    one.caption.textContent = header?.first ? `${header.first} – ${header.last}` : "\u00a0";
    one.canvas.repaint();
    clear(one.number, header?.skill === undefined ? [] : [compact(header.skill), h("small", { title: t("90 % interval") }, `[${compact(header.skill_lo)}, ${compact(header.skill_hi)}]`)]);
    drawJudge(name, one, header);
  };

  const drawJudge = (name, one, header) => clear(one.judge, header ? judged(name, one, header) : h("p", { class: "quiet" }, t("training ...")));

  const judged = (name, one, header) => {
    if (header.problem) return [h("p", { class: "quiet" }, prose(header.problem))];
    const toggle = () => {
      one.open = !one.open;
      drawJudge(name, one, header);
      one.judge.querySelector(".link").focus();
    };
    return [
      h("p", { class: "said" },
        h("span", { class: `pill ${TONES[header.verdict] ?? "even"}` }, verdictWords(header.verdict)),
        h("button", { class: "link", "aria-expanded": String(one.open), onclick: toggle }, one.open ? t("less") : t("in full"))),
      header.alarm ? alarm(header) : null,
      name === "honest" ? h("p", { class: "quiet" }, madeOf(header)) : null,
      header.found ? h("p", { class: "found" }, prose(header.found)) : null,
      header.luck ? h("p", { class: "luck" }, prose(header.luck.told)) : null,
      one.open ? h("p", { class: "sentence" }, prose(header.sentence)) : null,
    ];
  };

  const words = () => ({
    honest: [t("Without any fault"), t("Your settings, judged honestly. Each row below adds one fault to them.")],
    together: [t("All that are switched on"), t("The settings as every other view shows them now.")],
    ...faultWords(),
  });

  state.on((names) => {
    asking.look();
    if ([...names].some((name) => state.names.includes(name))) draw();
  });
  lab.on("bars", asking.again);
  lab.on("problem", drawIntro);
  lab.on("lang", draw);
  draw();
  return { show: asking.show, hide: asking.hide };
}

const madeOf = ({ n, seeds }) => (seeds > 1 ? t("{n} sessions, the mean of {seeds} seeds.", { n, seeds }) : t("{n} sessions, one seed.", { n }));

const verdictWords = (verdict) => ({
  "beats persistence": t("beats persistence"),
  "worse than persistence": t("worse than persistence"),
  "no difference found": t("no difference found"),
  "too few to tell": t("too few to tell"),
})[verdict] ?? verdict;

const compact = (skill) => (Math.abs(skill) >= 100 ? signed(skill, 0) : signed(skill, Math.abs(skill) >= 10 ? 1 : 3));

// The alarm, and the same forecasts dated a session off either way.
function alarm(header) {
  const shifted = Object.fromEntries(header.rejudged.map(([shift, , skill]) => [shift, skill]));
  const cell = (skill) => h("td", {}, signed(skill ?? NaN, 2));
  return h("div", { class: "alarm", role: "alert" },
    h("p", {}, h("b", {}, t("Alarm")), " ", t("Look for a leak or a date off by one.")),
    h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("dated")), h("th", { scope: "col" }, t("1 earlier")), h("th", { scope: "col" }, t("as dated")), h("th", { scope: "col" }, t("1 later")))),
      h("tbody", {}, h("tr", {}, h("th", { scope: "row" }, t("skill")), cell(shifted[-1]), cell(header.skill), cell(shifted[1])))));
}

const squash = (skill) => Math.asinh(skill * BEND);

// Skills to percent of the strip's width; the same in every row.
function scaleOf(found) {
  const lows = Object.values(found).map((one) => one.header.skill_lo ?? 0);
  const low = TICKS.filter((tick) => tick <= Math.min(-0.1, ...lows)).pop() ?? TICKS[0];
  const inner = scale(squash(low * 1.3), squash(1.25), 0, 100);
  const map = (skill) => inner(squash(Math.max(skill, low * 1.3)));
  map.low = low;
  return map;
}

const key = (text, colour) => h("span", { class: "key", style: { "--c": colour } }, text);

const placed = (at) => ({ left: `${at}%` });

// One row's skill; its parts stay and move.
function strip() {
  const part = (name) => h("i", { class: name });
  const [zone, level, before, reach, dot] = ["zone", "level", "before", "reach", "dot"].map(part);
  const place = (mark, from, to) => {
    mark.hidden = !Number.isFinite(from);
    if (mark.hidden) return;
    mark.style.left = `${from}%`;
    if (to !== undefined) mark.style.width = `${to - from}%`;
  };
  const show = (header, at, honest) => {
    place(zone, at(ALARM), 100);
    place(level, at(0));
    place(before, honest === undefined ? NaN : at(honest));
    place(reach, header ? at(header.skill_lo) : NaN, header ? at(header.skill_hi) : NaN);
    place(dot, header ? at(header.skill) : NaN);
  };
  return { element: h("div", { class: "strip", "aria-hidden": "true" }, zone, level, before, reach, dot), show };
}

// Marks that leave room for each other's numbers, from 0 outwards.
function apart(ticks, at) {
  const kept = [0];
  for (const tick of [...ticks].sort((a, b) => Math.abs(at(a) - at(0)) - Math.abs(at(b) - at(0)))) {
    if (kept.every((other) => Math.abs(at(other) - at(tick)) > 3 + ROOM * `${other}${tick}`.length)) kept.push(tick);
  }
  return kept;
}

function axis(at) {
  const label = (tick) => (tick > 0 ? `+${tick}` : String(tick).replace("-", "−"));
  const marks = apart(TICKS.filter((tick) => tick >= at.low), at).map((tick) => h("span", { class: "tick", style: placed(at(tick)) }, label(tick)));
  return h("div", { class: "axis" }, h("span", {}, t("Skill")), h("span", { class: "alarm-from", style: placed(at(ALARM)) }, t("alarm")), h("div", { class: "strip" }, marks));
}

// Truth, forecast and persistence; a forecast far off leaves the picture rather than flatten it.
function paint({ y: truth, yhat, last_close: last }, ctx, width, height, ink) {
  const [low, high] = [Math.min(...truth), Math.max(...truth)];
  const room = (high - low) * 0.25 || 1;
  const x = scale(0, truth.length - 1, 2, width - 2);
  const y = scale(low - room, high + room, height - 1, 1);
  const xs = Array.from(truth, (_, place) => x(place));
  ctx.beginPath();
  ctx.rect(0, 0, width, height);
  ctx.clip();
  line(ctx, xs, Array.from(last, y), ink.quiet, 1, [1.5, 2.5]);
  line(ctx, xs, Array.from(truth, y), ink.ink, 1.2);
  line(ctx, xs, Array.from(yhat, y), ink.accent, 1.8);
  const beyond = yhat.every((value) => value > y.to || value < y.from);
  if (!beyond) return;
  const above = yhat[0] > y.to;
  ctx.fillStyle = ink.accent;
  ctx.textAlign = "center";
  ctx.fillText(above ? t("▲ forecast far above") : t("▼ forecast far below"), width / 2, above ? 9 : height - 9);
}
