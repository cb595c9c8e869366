// The ladder: from the tutorial's net to repeating the last close, one change a rung, filled in rung by rung.

import { patiently } from "../ask.js";
import { clear, h, prose } from "../dom.js";
import { fixed, logScale, signed } from "../draw.js";
import { faultsOn } from "../faults.js";
import { t } from "../words.js";

export const id = "ladder";
export const title = "The ladder";

const MARKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export function mount(root, lab) {
  root.classList.add("ladder-view");
  const { state } = lab;
  const sentence = h("p", { class: "answer", "aria-live": "polite" });
  const list = h("ol", { class: "ladder" });
  const foot = h("div", { class: "foot quiet" });
  root.append(sentence, list, foot);

  let rungs = []; // [name, change]
  let found = {}; // name -> header of its frame
  let stale = new Set(); // names whose frames are of an older request
  let last = null; // what was said at the end

  const spans = () => Object.fromEntries(state.spec.spans.map((name) => [name, state.get(name)]));
  const asking = patiently(
    () => [state.get("source"), state.get("lang"), spans()],
    () => lab.bars && lab.wire.ask("ladder", { choices: lab.choices() }),
  );

  lab.wire.on("ladder", (header) => {
    if (!header.newest) return;
    if (header.error) {
      [last, found] = [{ problem: header.error }, {}];
    } else if (header.part === "plan") {
      rungs = header.rungs;
      stale = new Set(Object.keys(found));
      if (last?.problem) last = null;
    } else if (header.part === "rung") {
      found[header.name] = header;
      stale.delete(header.name);
    } else last = header;
    draw();
  });

  const load = (name) => {
    state.start(name);
    list.querySelector(`[data-name="${name}"] button`)?.focus();
  };
  const loadable = (name) => name in state.spec.recipes;
  const isLoaded = (name) => state.get("recipe") === name && !state.names.some((one) => one !== "recipe" && !state.spec.spans.includes(one) && state.changed(one));

  const say = () => {
    if (!last) sentence.textContent = t("Climbing: each rung is trained on these bars and spans ...");
    else clear(sentence, prose(last.problem ? lab.unsaid(last.problem) : last.sentence));
  };

  const draw = () => {
    const focused = list.contains(document.activeElement) ? document.activeElement.closest("li")?.dataset.name : null;
    say();
    sentence.classList.toggle("old", Boolean(stale.size));
    const at = scaleOf(found);
    clear(list, rungs.map(([name, change], place) => rung(name, change, place, at)), axis(at));
    clear(foot, notes());
    if (focused) list.querySelector(`[data-name="${focused}"] button`)?.focus();
  };

  const rung = (name, change, place, at) => {
    const one = found[name];
    const inside = [
      h("span", { class: "step" }, String(place + 1)),
      h("span", { class: "change" }, change, isLoaded(name) ? h("span", { class: "loaded" }, t("in the lab")) : null),
      strip(one, at),
      h("span", { class: "ratio" }, one ? fixed(one.ratio, 3) : "–"),
      h("span", { class: "points" }, one ? compact(one.skill) : ""),
    ];
    const classes = [
      "rung",
      last?.decisive === name && !stale.size ? "decisive" : "",
      one ? "" : "waiting",
      stale.has(name) ? "old" : "",
    ];
    return h("li", { class: classes.filter(Boolean).join(" "), "data-name": name },
      loadable(name)
        ? h("button", { onclick: () => load(name), title: t("Load these settings into the lab"), "aria-current": isLoaded(name) ? "true" : null }, inside)
        : h("div", { class: "still" }, inside));
  };

  const notes = () => [
    h("p", {}, t("Error in multiples of repeating the last close, logarithmic: a ring is one seed, the diamond the median. Skill is that of the seeds' mean.")),
    h("p", {}, prose([
      last?.n ? t("{n} sessions, {first} to {last}.", { n: last.n, first: last.first, last: last.last }) : "",
      t("A rung loads its settings into the lab; bars and spans stay."),
      faultsOn(state).length ? t("Climbed without the faults that are on.") : "",
    ].filter(Boolean).join(" "))),
  ];

  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...list.querySelectorAll("button")];
    const to = buttons[buttons.indexOf(document.activeElement) + step];
    if (to) to.focus();
    event.preventDefault();
    event.stopPropagation();
  });

  state.on((names) => {
    asking.look();
    if ([...names].some((name) => state.names.includes(name))) draw();
  });
  lab.on("bars", asking.again);
  lab.on("problem", say);
  lab.on("lang", draw);
  draw();
  return { show: asking.show, hide: asking.hide };
}

const compact = (skill) => signed(skill, Math.abs(skill) >= 10 ? 1 : 3);

// Error ratios to percent of the strip's width.
function scaleOf(found) {
  const values = Object.values(found).flatMap((one) => [one.ratio, ...one.by_seed]).filter((value) => value > 0);
  return logScale(Math.min(0.9, ...values) / 1.06, Math.max(1.3, ...values) * 1.06, 0, 100);
}

const placed = (at) => ({ left: `${at}%` });

function strip(one, at) {
  const marks = [h("i", { class: "level", style: placed(at(1)) })];
  if (one) {
    const [from, to] = [at(1), at(one.ratio)].sort((a, b) => a - b);
    marks.push(h("i", { class: "bar", style: { left: `${from}%`, width: `${to - from}%` } }));
    for (const value of one.by_seed) marks.push(h("i", { class: "ring", style: placed(at(value)) }));
    marks.push(h("i", { class: "diamond", style: placed(at(one.ratio)) }));
  }
  return h("span", { class: "strip", "aria-hidden": "true" }, marks);
}

function axis(at) {
  const marks = MARKS.filter((mark) => mark >= at.from && mark <= at.to);
  const ticks = marks.map((mark) => h("span", { class: mark === 1 ? "tick one" : "tick", style: placed(at(mark)) }, `${mark}×`));
  return h("li", { class: "axis", "aria-hidden": "true" }, h("div", { class: "still" },
    h("span"), h("span"), h("span", { class: "strip" }, ticks), h("span", { class: "ratio" }, t("error")), h("span", { class: "points" }, t("skill"))));
}
