// A lab that takes a token has it in the address that it printed; the page keeps it for its own requests, and for a reload.

const KEY = "nextclose lab token";

const token = find();

function find() {
  const given = new URLSearchParams(location.search).get("token");
  try {
    if (given) sessionStorage.setItem(KEY, given);
    return given ?? sessionStorage.getItem(KEY);
  } catch {
    return given; // a frame may have no storage
  }
}

// A path of the lab with what is asked of it.
export function own(path, asked = {}) {
  const query = new URLSearchParams(token ? { ...asked, token } : asked).toString();
  return query ? `${path}?${query}` : path;
}
