// Asking for what takes a while: once the hand rests, and only where something that matters has changed.

const REST = 250; // ms

// `wanted` gives what the answer depends on, `ask` asks for it; told to look again, a hidden view waits until it is shown.
export function patiently(wanted, ask) {
  let shown = false;
  let known = null;
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    if (shown) timer = setTimeout(now, REST);
  };
  const now = () => {
    const key = JSON.stringify(wanted());
    if (key !== known && ask(known)) known = key;
  };
  return {
    look,
    again: () => ((known = null), look()),
    show: () => ((shown = true), now()),
    hide: () => ((shown = false), clearTimeout(timer)),
  };
}
