// Sentences in the page's language, with {named} places. English is the key; Korean comes from the lab.

let korean = {};
let speaks = "en";
let wanted = "en";

export async function speak(lang) {
  wanted = lang;
  if (lang === "ko" && !Object.keys(korean).length) korean = await (await fetch("/words/ko.json")).json();
  if (lang !== wanted) return; // another was asked for meanwhile
  speaks = lang;
  document.documentElement.lang = lang;
}

export const language = () => speaks;

// A sentence of Python's as the page writes numbers: a minus before a digit is one. Not for what is copied.
export const told = (text) => text.replace(/(^|[\s([,:;=~])-(?=\d)/g, "$1−");

export function t(text, values = {}) {
  const template = speaks === "ko" ? korean[text] ?? text : text;
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}
