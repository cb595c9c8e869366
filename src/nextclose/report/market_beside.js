// Loads the scripts that lie beside the page: each hands one value over. A page opened from disk may not fetch.
Object.assign(nextclose, (() => {
  const asked = new Map();
  const arrived = new Map();

  // A promise of the value of the file `name`, given without its ending; a second call reads nothing again.
  function load(name) {
    if (!asked.has(name)) {
      asked.set(name, new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = `${name}.js`;
        script.onload = () => (arrived.has(name) ? done(arrived.get(name)) : failed(name));
        script.onerror = () => { asked.delete(name); failed(name); };
        document.body.append(script);
      }));
    }
    return asked.get(name);
  }

  return { load, receive: (name, value) => arrived.set(name, value) };
})());
