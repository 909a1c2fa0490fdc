// The sandbox's control interface: read the world, hear of changes, act as a person.

const REFETCH_PAUSE_MS = 80;
const RETRY_MS = 1500;

/** The sandbox said no; `told` is its whole answer. */
export class Refused extends Error {
  constructor(sentence, told = {}) {
    super(sentence);
    this.told = told;
  }
}

async function readWorld() {
  const answer = await fetch("/control/state", { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Refused(`/control/state answered ${answer.status}`);
  return answer.json();
}

/** Do something as a person; resolves with the sandbox's answer, or throws Refused with its sentence. */
export async function act(verb, body) {
  const answer = await fetch(`/control/${verb}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }).catch((cause) => {
    throw new Refused(String(cause.message));
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(told.error ?? `/control/${verb} answered ${answer.status}`, told);
  return told;
}

/** Call `show(world)` now and after every change, at most once per pause; `lost()` while the sandbox is away. */
export function follow(show, lost) {
  let shownVersion = -1;
  let wantedVersion = 0;
  let isReading = false;

  async function refresh() {
    if (isReading) return;
    isReading = true;
    while (shownVersion !== wantedVersion) {
      const world = await readWorld().catch(() => null);
      if (world) {
        shownVersion = world.version;
        wantedVersion = Math.max(wantedVersion, world.version);
        show(world);
      } else {
        lost();
      }
      await pause(world ? REFETCH_PAUSE_MS : RETRY_MS);
    }
    isReading = false;
  }

  // A sandbox started anew counts from zero again, so a lost stream forgets both versions.
  function startOver() {
    shownVersion = -1;
    wantedVersion = 0;
    refresh();
  }

  const stream = new EventSource("/control/stream");
  stream.onmessage = (event) => {
    wantedVersion = JSON.parse(event.data).version;
    refresh();
  };
  stream.onerror = startOver;
  refresh();
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
