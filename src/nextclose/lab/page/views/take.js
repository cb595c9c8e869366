// Take it away: the address, a script and a command that print the numbers on screen, a recipe file, the full report.

import { patiently } from "../ask.js";
import { clear, h } from "../dom.js";
import { own } from "../token.js";
import { t, told } from "../words.js";

export const id = "take";
export const title = "Take it away";

const DONE = 1600; // ms that a button says what it has done

export function mount(root, lab) {
  root.classList.add("take");
  const { state } = lab;
  let taken = null; // the lab's last answer
  let making = false; // a report
  let made = null; // { report } or { error }

  const asking = patiently(
    () => [state.get("source"), state.get("lang"), lab.choices()],
    () => lab.bars && lab.wire.ask("take", { choices: lab.choices() }),
  );

  lab.wire.on("take", (header) => {
    if (!header.newest) return;
    taken = header;
    made = null;
    draw();
  });

  const draw = () => {
    if (!taken) return;
    if (taken.error) return clear(root, h("p", { class: "quiet" }, told(lab.unsaid(taken.error))));
    clear(root, ...[link(), report(), script(), taken.command ? command() : only(), taken.recipe ? recipe() : null].filter(Boolean));
  };

  const link = () => part(t("This page"), t("Every setting is in its address: whoever opens it sees the same."),
    copier(t("Copy the address"), () => `${location.origin}${state.address()}`, "copy-link"));

  const report = () => part(t("The full report"),
    t("All that nextclose run writes of these settings: the judge's tables, intervals, pictures. It looks at the explored bars alone."),
    h("button", { class: "button", id: "report", disabled: making || !taken.command, onclick: make }, making ? t("Making the report ...") : t("Make the report")),
    made?.report ? h("a", { class: "button", id: "report-link", href: made.report, target: "_blank", rel: "noopener" }, t("Open the report")) : null,
    made?.error ? h("p", { role: "alert", class: "warn" }, told(made.error)) : null,
    taken.command ? null : h("p", { class: "quiet" }, t("Put these back first: {names}", { names: taken.moved.join(", ") })));

  const script = () => part(t("As a Python script"),
    [t("It prints the skill on screen, digit by digit."), taken.given ? t("Put your own bars in place of prices.csv.") : ""].join(" "),
    copier(t("Copy"), () => taken.script, "copy-script"), saver("nextclose_lab.py", () => taken.script), code(taken.script, "script"));

  const command = () => part(t("As a command"), t("The same numbers on the command line."), copier(t("Copy"), () => taken.command, "copy-command"), code(taken.command, "command"));

  const only = () => part(t("As a command"), t("There is none: {names} is the lab's own. The script asks the lab itself.", { names: taken.moved.join(", ") }));

  const recipe = () => part(t("As a recipe"), t("Save it as {file}, change what you like, and name it wherever a recipe is named.", { file: taken.file }),
    copier(t("Copy"), () => taken.recipe, "copy-recipe"), saver(taken.file, () => taken.recipe), code(taken.recipe, "recipe"));

  const make = async () => {
    [making, made] = [true, null];
    draw();
    const asked = taken;
    const said = await post();
    making = false;
    if (asked === taken) made = said;
    draw();
    root.querySelector("#report-link")?.focus();
  };

  const post = async () => {
    try {
      const path = own("/report", { source: state.get("source"), lang: state.get("lang"), ...lab.choices() });
      return await (await fetch(path, { method: "POST" })).json();
    } catch {
      return { error: t("The connection to the lab is lost; trying again ...") };
    }
  };

  lab.on("bars", asking.look);
  lab.on("problem", () => taken?.error && draw());
  lab.on("picture", asking.look);
  lab.on("lang", () => {
    draw();
    asking.look();
  });
  return { show: asking.show, hide: asking.hide };
}

const part = (name, about, ...content) => h("section", {}, h("h3", {}, name), h("p", { class: "quiet" }, about), h("div", { class: "actions" }, content.filter((one) => one && one.tagName !== "PRE")), content.filter((one) => one?.tagName === "PRE"));

const code = (text, id) => h("pre", { id, tabindex: 0 }, text);

function copier(label, text, id) {
  const button = h("button", { class: "button", id, onclick: async () => {
    const said = (await copied(text())) ? t("Copied") : t("Could not be copied");
    button.textContent = said;
    setTimeout(() => (button.textContent = label), DONE);
  } }, label);
  return button;
}

// A page that is not from this machine, and some frames, have no clipboard: then a selection is copied as one would by hand.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const place = h("textarea", { class: "aside", "aria-hidden": "true" }, text);
    document.body.append(place);
    place.select();
    const done = document.execCommand("copy");
    place.remove();
    return done;
  }
}

function saver(name, text) {
  return h("button", { class: "button", onclick: () => {
    const address = URL.createObjectURL(new Blob([text()], { type: "text/plain" }));
    const link = h("a", { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), DONE);
  } }, t("Save as {name}", { name }));
}
