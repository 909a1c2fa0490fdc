// Where this window stands, kept in the address: who acts, which channel, which thread. Two windows can be two people.

export function readPlace() {
  const words = new URLSearchParams(location.hash.slice(1));
  return { as: words.get("as"), in: words.get("in"), thread: words.get("thread"), tab: words.get("tab") };
}

export function addressOf(change) {
  const words = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...readPlace(), ...change })) if (value) words.set(key, value);
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
