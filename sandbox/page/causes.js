// Why a message stands where it stands: the calls and deliveries that made it and changed it.

const POSTS = new Set(["chat.postMessage", "chat.postEphemeral", "files.completeUploadExternal"]);
const NEAR_SECONDS = 2;

/** What went over the wire, oldest first, as `{key, way, at, row}`; `way` is "call" or "delivery". */
export function wireOf({ calls = [], deliveries = [] }) {
  const all = [
    ...calls.map((row, index) => ({ key: row.id ?? `call-${row.at}-${index}`, way: "call", at: Number(row.at), row })),
    ...deliveries.map((row) => ({ key: row.id, way: "delivery", at: Number(row.at), row })),
  ];
  return all.sort((a, b) => a.at - b.at);
}

/** The entries that made this message, then those that changed it, and before them the delivery they followed. */
export function causesOf(message, wire, scope) {
  const made = message.isEphemeral ? madeForOne(message, wire, scope) : posted(message, wire, scope);
  const changes = wire.filter(({ way, row }) => way === "call" && touches(row, message));
  const first = made?.at ?? Number(message.ts);
  const before = wire.findLast((entry) => entry.way === "delivery" && entry !== made && entry.at <= first);
  return { made, changes, before: made?.way === "delivery" ? undefined : before };
}

/** An answer that names the message settles it; else the post of that moment into that place does. */
function posted(message, wire, scope) {
  const posts = wire.filter(({ way, row }) => way === "call" && POSTS.has(row.method) && !row.error);
  const named = posts.find(({ row }) => answerOf(row)?.ts === message.ts);
  return named ?? nearest(message, posts.filter(({ row }) => isPostedHere(row, message, scope)));
}

/** Seen by one person: an ephemeral post, or the acknowledgement of what the person did. */
function madeForOne(message, wire, scope) {
  const candidates = wire.filter(({ way, row }) => {
    if (way === "delivery") return row.user === scope.me.id && row.ack;
    return row.method === "chat.postEphemeral" && row.args?.user === scope.me.id;
  });
  return nearest(message, candidates);
}

function isPostedHere({ args = {} }, message, scope) {
  const name = String(args.channel ?? "").replace(/^#/, "");
  const channel = scope.channel(message.channel);
  const isHere = name === channel?.id || name === channel?.name || (channel?.is_im && channel.members.includes(name));
  const parent = message.thread_ts && message.thread_ts !== message.ts ? message.thread_ts : undefined;
  return isHere && (args.thread_ts ?? undefined) === parent;
}

function nearest(message, entries) {
  const distance = ({ at, row, way }) => Math.abs(Number(message.ts) - at - (way === "delivery" ? row.ms / 1000 : 0));
  const best = entries.toSorted((a, b) => distance(a) - distance(b))[0];
  return best && distance(best) < NEAR_SECONDS ? best : undefined;
}

function touches({ args = {}, method }, message) {
  return (args.ts ?? args.timestamp) === message.ts && !method.startsWith("conversations.");
}

export function answerOf(row) {
  return row.answer ?? row.response ?? row.result;
}
