// The story of the tour: who does what, and how the state of the workspace shows that it is done.

const KINDS = { RUN: "run", HO: "handoff", INC: "incident" };
const NEEDED = ["/incident", "/diag", "/rollback", "/handoff"];

/** `spot` names the action of the button to click, where there is one; `of` the card it stands on. */
export const STEPS = [
  { key: "declare", who: "ana", isDone: ({ incident }) => Boolean(incident) },
  { key: "diagnose", who: "ana", isDone: ({ incident }) => incident.replies.some((reply) => reply.text.includes("🩺")) },
  { key: "propose", who: "ana", isDone: ({ run }) => Boolean(run) },
  { key: "approve", who: "bruno", of: "run", spot: "run:approve", isDone: ({ run }) => !has(run, "run:approve") },
  { key: "verify", of: "run", isDone: ({ run }) => run.text.startsWith("✅") },
  { key: "resolve", who: "ana", isDone: ({ incident }) => !has(incident, "incident:resolve") },
  { key: "handoff", who: "ana", isDone: ({ handoff }) => Boolean(handoff) },
  { key: "accept", who: "clara", of: "handoff", spot: "handoff:accept", isDone: ({ handoff }) => !has(handoff, "handoff:accept") },
  { key: "end", isDone: () => false },
];

/** The tour is about one bot; whoever tries another in the sandbox is spared it. */
export function isTold(world) {
  const commands = new Set(world.commands.map((row) => row.command));
  return NEEDED.every((name) => commands.has(name));
}

/** Where the story stands: `{step, number, things}` with the cards that have appeared since it began. */
export function progress(world, since) {
  const things = thingsSince(world, since);
  const index = STEPS.findIndex((step) => !step.isDone(things));
  return { step: STEPS[index], number: index + 1, things };
}

export function placeOfStory(world) {
  return world.channels.find((channel) => channel.name === "incidents");
}

/** The newest card of each kind; a run or a handoff may name its incident, so those are told apart first. */
function thingsSince(world, since) {
  const messages = placeOfStory(world)?.messages.filter((message) => Number(message.ts) > since && message.bot_id) ?? [];
  const things = { run: null, handoff: null, incident: null };
  for (const message of messages.filter(isTop)) {
    const [name, kind] = /\b(RUN|HO)-\d+/.exec(message.text) ?? /\b(INC)-\d+/.exec(message.text) ?? [];
    const replies = messages.filter((reply) => reply.thread_ts === message.ts && !isTop(reply));
    if (name) things[KINDS[kind]] = { ...message, name, replies };
  }
  return things;
}

function isTop(message) {
  return !message.thread_ts || message.thread_ts === message.ts;
}

function has(card, actionId) {
  return (card.blocks ?? []).some((block) => block.elements?.some((element) => element.action_id === actionId));
}
