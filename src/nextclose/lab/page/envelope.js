// The sealed envelope: the line on top that counts the tries, the envelope over the last quarter, and the look into it.

import { clear, h, prose } from "./dom.js";
import { signed } from "./draw.js";
import { drawn, strip } from "./paper.js";
import { t, told } from "./words.js";

const TONES = { "beats persistence": "beats", "worse than persistence": "worse" };

const COUNTED = ["shapes", "ladder", "breaks"]; // topics that try settings, beside the one that trains

export function envelope(lab) {
  const line = h("button", { id: "tries", onclick: () => show() });
  const cover = h("button", { id: "cover", onclick: () => show() });
  const dialog = h("dialog", { id: "envelope", "aria-labelledby": "envelope-title" });
  document.getElementById("exploring").append(line);
  document.getElementById("seal").append(cover);
  document.body.append(dialog);
  let busy = false;
  let trouble = ""; // why the record cannot be read

  const looks = () => lab.envelope?.looks ?? [];
  const closed = () => busy || Boolean(trouble) || cheats(lab.state).length > 0;

  const count = () => {
    if (!lab.tally) return;
    const { tried, luck } = lab.tally;
    line.textContent = [
      looks().length ? t("envelope opened") : t("exploring"),
      tried === 1 ? t("1 setting tried") : t("{tried} settings tried", { tried }),
      t("luck alone gives up to {skill}", { skill: signed(luck.seldom) }),
    ].join(" · ");
    line.title = t("Among forecasts that know nothing, the best of so many passes this skill one time in twenty.");
  };

  const dress = () => {
    if (!lab.bars) return;
    const [first] = looks();
    const { sealed: sessions } = lab.bars;
    cover.className = first ? "opened" : "sealed";
    cover.setAttribute("aria-label", first
      ? t("The opened envelope: the last {sessions} sessions", { sessions })
      : t("The sealed envelope: the last {sessions} sessions", { sessions }));
    clear(cover,
      first ? null : drawn(cover.clientWidth || 240, cover.clientHeight || 96),
      h("span", { class: "mark" }, first ? t("opened {day}", { day: day(first) }) : t("sealed: {sessions} sessions", { sessions })));
  };

  const fill = () => {
    const found = looks();
    const bent = cheats(lab.state);
    const problem = trouble || (bent.length ? t("the envelope judges what could have been known before, so it stays closed while {bent} is chosen. Switch that back first.", { bent: bent.join(", ") }) : "");
    const open = h("button", { class: found.length ? "button" : "button primary", id: "open", disabled: closed(), onclick: look },
      found.length ? t("Judge the settings on screen too") : t("Open it, and record the look"));
    const close = h("button", { class: "button", id: "close", autofocus: true, disabled: busy, onclick: () => dialog.close() }, found.length ? t("Close") : t("Keep it sealed"));
    clear(dialog,
      found.length ? letter(lab, found, back) : question(lab, bent.length > 0),
      notes(lab.envelope),
      h("p", { id: "envelope-problem", role: "status", class: problem ? "warn" : "" }, told(problem)),
      h("div", { class: "answers" }, close, open));
  };

  const show = () => {
    if (!lab.picture || !lab.bars) return;
    fill();
    dialog.showModal();
  };

  const look = () => {
    if (busy) return;
    busy = true;
    say(t("Training up to the seal, then judging ..."), false);
    if (!lab.wire.ask("open", { choices: lab.choices() })) fail(t("The connection to the lab is lost; trying again ..."));
  };

  const back = (settings) => {
    dialog.close();
    const own = Object.entries(lab.state.values).filter(([name]) => !lab.state.names.includes(name));
    lab.state.replace({ ...Object.fromEntries(own), ...settings });
  };

  const say = (text, wrong) => {
    const place = dialog.querySelector("#envelope-problem");
    place.textContent = told(text);
    place.classList.toggle("warn", wrong);
    dialog.querySelector("#close").disabled = busy;
    dialog.querySelector("#open").disabled = closed();
  };

  const fail = (text) => {
    busy = false;
    if (dialog.open) say(text, true);
  };

  const take = (header, arrays) => {
    if (header.error && header.topic === "open") return fail(header.error);
    trouble = header.error ?? "";
    lab.envelope = header.error ? null : { ...header, ...arrays };
    if (header.topic === "open") busy = false;
    lab.tell("envelope");
    if (!dialog.open) return;
    dialog.querySelector(".stage")?.classList.toggle("fresh", header.topic === "open" && looks().length === 1);
    dialog.querySelector("#close").focus();
  };

  const redraw = () => {
    count();
    dress();
    if (dialog.open) fill();
  };

  dialog.addEventListener("cancel", (event) => busy && event.preventDefault());
  lab.on("bars", () => {
    busy = false;
    lab.envelope = null;
    dress();
    lab.wire.ask("envelope", {});
  });
  lab.on("picture", () => {
    lab.tally = lab.picture;
    count();
  });
  for (const topic of COUNTED) lab.wire.on(topic, (header) => {
    if (!header.tally || header.id < lab.since) return;
    lab.tally = header.tally;
    count();
  });
  lab.on("lang", redraw);
  lab.on("envelope", redraw);
  lab.state.on(() => dialog.open && !busy && fill());
  lab.wire.on("envelope", take);
  lab.wire.on("open", take);
  new ResizeObserver(dress).observe(cover);
}

// Before the first look: what is known, and what will happen.
function question(lab, bent) {
  const { tried, luck } = lab.tally;
  const { sealed: sessions, seal_starts: start, last } = lab.bars;
  return [
    h("div", { class: "stage" }, drawn(300, 132)),
    h("h2", { id: "envelope-title" }, bent ? t("The envelope stays closed") : t("Open the envelope?")),
    h("p", {}, prose(t("No net here has seen the last {sessions} sessions, from {start} to {last}, and this page has not shown them. They are good for one honest verdict.", { sessions, start, last }))),
    h("dl", { class: "facts" },
      fact(t("settings tried on the sessions before"), String(tried)),
      fact(t("best skill found there"), signed(luck.best)),
      fact(t("luck alone gives typically"), signed(luck.typical)),
      fact(t("and one time in twenty more than"), signed(luck.seldom))),
    h("p", {}, t("The settings on screen are trained up to the seal and asked about every session behind it. The verdict is recorded on this computer before you see it; whatever you try afterwards is marked as already seen.")),
  ];
}

// The first look counts; all of them stand below it, plainly marked.
function letter(lab, found, back) {
  const [first] = found;
  return [
    h("div", { class: "stage" }, drawn(240, 106, true)),
    h("h2", { id: "envelope-title" }, t("What was in the envelope")),
    h("div", { class: "letter" },
      h("p", {},
        h("span", { class: "skill" }, t("skill {skill}", { skill: signed(first.skill) })),
        h("span", { class: `pill ${TONES[first.verdict] ?? "even"}` }, t(first.verdict)),
        h("span", { class: "stamp" }, first.mark)),
      h("p", {}, prose(first.sentence)),
      h("p", { class: "quiet" }, t("On the explored sessions the same settings had a skill of {explored}, after {tried} tried.", { explored: signed(first.explored), tried: first.tried }))),
    h("div", { class: "looks" }, table(found, back)),
  ];
}

function table(found, back) {
  const ends = found.flatMap((look) => [look.skill_lo, look.skill_hi, look.skill, 0]).filter(Number.isFinite);
  const reach = [Math.max(Math.min(...ends), -2), Math.min(Math.max(...ends), 1)];
  const head = (text, kind) => h("th", { class: kind, scope: "col" }, text);
  const row = (look) => h("tr", { class: look.seen },
    h("td", {}, day(look)),
    h("td", { class: "number" }, String(look.tried)),
    h("td", { class: "number" }, signed(look.explored)),
    h("td", { class: "number" }, signed(look.skill)),
    h("td", {}, strip(look, reach)),
    h("td", {}, look.mark),
    h("td", { class: "number" }, h("button", { class: "link", onclick: () => back(look.settings) }, t("settings"))));
  return h("table", {},
    h("thead", {}, h("tr", {}, head(t("looked at")), head(t("tried"), "number"), head(t("skill explored"), "number"), head(t("skill sealed"), "number"), head(t("90 % interval, line at 0")), head(""), head(""))),
    h("tbody", {}, found.map(row)));
}

// The switches that are on and would make a look worthless, as the address writes them.
const cheats = (state) => state.spec.cheats.filter((name) => state.get(name) !== state.spec.switches[name][0]).map((name) => `${name}=${state.get(name)}`);

const notes = (kept) => [
  kept?.known ? h("p", { class: "warn" }, t("{known} of these sessions were opened before with other bars: the first look is marked as partly seen.", { known: kept.known })) : null,
  kept?.unreadable.length ? h("p", { class: "warn" }, t("Records of other bars are damaged, so nobody can tell what was seen there: {files}", { files: kept.unreadable.join(", ") })) : null,
];

const fact = (name, value) => [h("dt", {}, name), h("dd", {}, value)];

const day = (look) => look.when.slice(0, 10);
