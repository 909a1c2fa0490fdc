// Where this window stands, kept in the address: who acts, which channel, which thread. Two windows can be two people.

// Who acts, in which channel, thread and tab; `wire` is what the inspector shows: everything, or one message's ts;
// `tour` asks for the guided tour, once.
const KEYS = ["as", "in", "thread", "tab", "wire", "tour"];

export function readPlace() {
  const words = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(KEYS.map((key) => [key, words.get(key)]));
}

export function addressOf(change) {
  const words = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...readPlace(), tour: null, ...change })) if (value) words.set(key, value);
  return `#${words}`;
}

export function go(change) {
  const address = addressOf(change);
  if (address !== location.hash) location.hash = address;
}

/** Correct the address without leaving a step for the Back button. */
export function settle(change) {
  history.replaceState(null, "", addressOf(change));
}

export function onMove(listener) {
  window.addEventListener("hashchange", listener);
}
