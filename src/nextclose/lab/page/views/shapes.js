// The shape walk: from the bars to windows, to X (N, L, F), to (L, N, F), a day at a time into the net.

import { clear, h, prose } from "../dom.js";
import { t, told } from "../words.js";
import { errors, measured } from "../shapes/errors.js";
import { model } from "../shapes/model.js";
import { range } from "../shapes/places.js";
import { keepingFocus, radio, radios } from "../shapes/radios.js";
import { sentence } from "../shapes/sentences.js";
import { stage } from "../shapes/stage.js";
import { tape } from "../shapes/tape.js";
import { STEPS, tools } from "../shapes/tools.js";

export const id = "shapes";
export const title = "The shape walk";

const START = "5"; // days in a window, so that no two axes are equally long
const MOST_DAYS = 6;
const PAUSE = 1500; // ms between moments while the walk plays

export function mount(root, lab) {
  let days = lab.state.changed("seq_len") ? lab.state.get("seq_len") : START;
  let m = null;
  let net = null;
  let at = 0;
  let pinned = { n: 0, l: 4, f: 3 };
  let under = null;
  let raw = true;
  let whole = false;
  let timer = null;
  let shown = false;

  const walk = {
    focus: () => under ?? pinned,
    look: (number) => {
      under = number;
      mark();
    },
    pin: (number) => {
      pinned = number;
      under = null;
      mark();
    },
    raw: () => raw,
    axes: () => lab.state.get("axes"),
    net: () => net,
  };
  const carried = () => lab.state.get("h0") === "carried";
  const found = measured(() => ({ axes: walk.axes(), carried: carried() }));

  const readout = h("p", { class: "readout", "aria-live": "polite" });
  const units = h("div", { class: "units" });
  const remarks = h("div", { class: "remarks" });
  const memory = tape(walk);
  const one = stage(walk, lab);
  let stages = [];
  const switches = {
    swap: errors("axes", found, {
      ends: () => ["swapaxes(0, 1)", "reshape(L, N, F)"],
      wrong: () => walk.axes() === "reshape", set: (wrong) => lab.state.set({ axes: wrong ? "reshape" : null }),
    }),
    feed: errors("h0", found, {
      ends: () => [t("h reset"), t("h carried over")],
      wrong: carried, set: (wrong) => lab.state.set({ h0: wrong ? "carried" : null }),
    }),
  };

  const moments = () => (m ? [
    ...range(m.n).map((n) => ({ step: "cut", n })), { step: "stack" }, { step: "swap" },
    ...range(m.cell === "mlp" ? 1 : m.L).map((step) => ({ step: "feed", t: step })), { step: "feed", t: m.cell === "mlp" ? 0 : m.L - 1, out: true },
  ] : [{ step: "cut", n: 0 }]);
  const now = () => moments()[at];

  const ask = () => {
    if (!shown || !lab.bars) return;
    lab.wire.ask("shapes", { choices: { ...lab.choices(), seq_len: String(Math.min(Number(days), MOST_DAYS)) } });
  };
  let fault = "";
  const complain = () => fault && remarks.replaceChildren(told(lab.unsaid(fault)));
  const take = (header, arrays) => {
    fault = header.error ?? "";
    if (fault) return complain();
    if (header.part === "errors") found.take(header);
    else if (header.part === "net") net = { ...header, ...arrays };
    else begin(model(header, arrays, lab));
    if (header.part === "net") stages.forEach(([place]) => place.write());
    if (header.part === "errors") keepingFocus(root, () => Object.values(switches).forEach((place) => place.draw()));
  };
  const begin = (next) => {
    if (m && same(m, next)) {
      Object.assign(m, next);
      stages.forEach(([place]) => place.write());
      return render();
    }
    m = next;
    net = null;
    found.at(m.L);
    pinned = { n: Math.min(pinned.n, m.n - 1), l: Math.min(pinned.l, m.L - 1), f: Math.min(pinned.f, m.f - 1) };
    at = Math.min(at, moments().length - 1);
    stages.forEach(([place]) => place.build(m));
    memory.build(m);
    render();
  };

  const go = (to) => {
    at = Math.max(0, Math.min(to, moments().length - 1));
    render();
  };
  const play = () => {
    if (timer) return stop();
    if (at === moments().length - 1) at = 0;
    timer = setInterval(() => (at === moments().length - 1 ? stop() : go(at + 1)), PAUSE);
    render();
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    render();
  };
  const by = (to) => {
    if (timer) stop();
    go(to);
  };

  const bar = tools({
    jump: (step) => by(moments().findIndex((moment) => moment.step === step)), go: (step) => by(at + step), to: by, play,
    whole: () => {
      whole = !whole;
      lay();
    },
  });

  // As one stage that is walked through, or as four below one another.
  const lay = () => {
    const steps = whole ? STEPS : [null];
    stages = steps.map((step) => [whole ? stage(walk, lab) : one, step]);
    clear(root, bar.root, whole ? stages.map(([place, step]) => section(place, step)) : section(one, null), h("div", { class: "below" }, h("div", { class: "now" }, readout, units), memory.root, remarks));
    stages.forEach(([place]) => m && place.build(m));
    render();
  };
  const section = (place, step) => {
    const part = h("section", { class: "part" }, h("div", { class: "said" }), place.root);
    part.dataset.step = step ?? "";
    return part;
  };
  const standing = (step) => {
    const of = moments().filter((moment) => moment.step === step);
    return step === now().step ? now() : step === "cut" ? of.at(-1) : of[0];
  };

  const render = () => keepingFocus(root, draw);
  const draw = () => {
    drawUnits();
    if (!m) return;
    const heading = sentence(m, now(), { axes: walk.axes(), carried: carried(), raw })[0];
    bar.show({ step: now().step, at, count: moments().length, plays: Boolean(timer), all: whole, heading });
    clear(remarks, notices().map((words) => h("p", {}, words)));
    stages.forEach(([place, step], k) => {
      const moment = step ? standing(step) : now();
      const part = root.querySelectorAll(".part")[k];
      const [head, text] = sentence(m, moment, { axes: walk.axes(), carried: carried(), raw });
      clear(part.querySelector(".said"), h("h2", {}, head), h("p", {}, code(text)));
      const aside = m.cell === "mlp" && moment.step === "feed" ? null : switches[moment.step];
      clear(place.corner, aside?.root ?? (moment.step === "feed" ? h("div") : null), moment.step === "stack" || moment.step === "feed" ? note() : null);
      place.show(moment);
    });
    Object.values(switches).forEach((place) => place.draw());
    memory.root.hidden = !whole && (now().step === "cut" || now().step === "feed");
    memory.show(whole ? { step: "swap" } : now());
    tell();
  };
  const mark = () => {
    stages.forEach(([place]) => place.mark());
    memory.mark();
    tell();
  };

  const tell = () => {
    if (!m) return;
    const { n, l, f } = walk.focus();
    const [c, r] = m.stands("reshape", n, l);
    const chip = (words, place) => h("span", {}, words, " ", h("code", {}, place));
    clear(readout,
      h("b", {}, `${m.features[f]} ${m.day(n + l)} = ${m.text(n, l, f, raw)}`),
      chip(t("table row"), n + l), chip("", `X[${n}, ${l}, ${f}]`),
      walk.axes() === "reshape" ? chip("", `X.reshape(${m.L}, ${m.n}, ${m.F})[${c}, ${r}, ${f}]`) : chip("", `X.swapaxes(0, 1)[${l}, ${n}, ${f}]`),
      chip(t("place in memory"), m.place("X", n, l, f)));
  };

  const note = () => {
    const set = (value) => {
      days = value;
      ask();
    };
    if (m.L === m.F) {
      return h("div", { class: "note" }, h("p", {}, code(t("L = F = {L}. Were the axes l and f mixed up, by `X.swapaxes(1, 2)` say, every product would still fit: prices would be read as days, and nobody would notice.", { L: m.L }))),
        h("button", { class: "button", "data-keep": "note", onclick: () => set(String(m.L === 5 ? 6 : 5)) }, t("Back to L = {L}", { L: m.L === 5 ? 6 : 5 })));
    }
    return h("div", { class: "note" }, h("p", {}, code(t("L = {L} and F = {F} differ, so an axis in the wrong place is an error at once: `(N, {L}) @ ({F}, H)` does not exist.", { L: m.L, F: m.F }))),
      m.F <= MOST_DAYS ? h("button", { class: "button", "data-keep": "note", onclick: () => set(String(m.F)) }, t("Set L = {F} = F: nobody would notice", { F: m.F })) : null);
  };

  const notices = () => {
    const [L, set] = [m.L, lab.state.get("seq_len")];
    const length = Number(set) === L ? null : L === MOST_DAYS ? t("Here L = {L}, while the setting Days (L) is {set}: more days would not fit on the cards.", { L, set })
      : L !== m.F ? t("Here L = {L}, while the setting Days (L) is {set}: two axes of one length could not be told apart.", { L, set }) : null;
    const moved = m.moved.length ? t("The walk shows the windows as they are cut; {switches} is at work in the errors only.", { switches: m.moved.join(", ") }) : null;
    return [length, moved].filter(Boolean);
  };

  const drawUnits = () => {
    const show = (value) => {
      raw = value;
      stages.forEach(([place]) => place.write());
      render();
    };
    const words = { true: t("prices"), false: t("scaled") };
    clear(units, radios({ class: "segments", "aria-label": t("Numbers shown") }, [true, false], raw, show,
      [true, false].map((value) => radio("units", raw === value, () => show(value), words[value]))));
  };

  lab.wire.on("shapes", take);
  lab.on("bars", ask);
  lab.on("problem", complain);
  lab.on("lang", () => (bar.draw(), stages.forEach(([place]) => place.write()), render(), ask()));
  lab.on("theme", () => stages.forEach(([place]) => place.write()));
  lab.state.on((names) => {
    if (names.has("seq_len")) days = lab.state.changed("seq_len") ? lab.state.get("seq_len") : START;
    if ((names.has("axes") || names.has("h0")) && m) stages.forEach(([place]) => place.write()), render();
    if ([...names].some((name) => lab.state.names.includes(name))) ask();
  });
  lay();

  return {
    show: () => ((shown = true), ask()),
    hide: () => {
      shown = false;
      if (timer) stop();
    },
    key: (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: moments().length - 1 }[event.key];
      if (event.key === " " && !event.target.closest("button")) return play(), true;
      if (to === undefined) return false;
      by(to);
      return true;
    },
  };
}

// Whether the same rows of numbers are drawn.
const same = (a, b) => a.X.shape.join() === b.X.shape.join() && a.raw.every((value, k) => value === b.raw[k]) && a.X.every((value, k) => value === b.X[k])
  && a.features.join() === b.features.join() && a.first === b.first;

// `code` between backticks.
const code = (text) => text.split("`").map((part, k) => (k % 2 ? h("code", {}, part) : prose(part))).flat();
