// What each person has read, remembered by this browser.

const PREFIX = "sandbox-read";

/** Marks of one workspace; what was there before this browser first looked counts as read. */
export class ReadMarks {
  constructor(world) {
    this.key = `${PREFIX}:${world.team.id}`;
    this.marks = JSON.parse(localStorage.getItem(this.key) ?? "{}");
    this.marks.since ??= Number(world.clock);
  }

  markRead(user, channel) {
    const last = channel.messages.at(-1)?.ts;
    if (!last || this.marks[markKey(user, channel)] === last) return;
    this.marks[markKey(user, channel)] = last;
    localStorage.setItem(this.key, JSON.stringify(this.marks));
  }

  /** How much is new to this person, and how much of it calls them; other replies are their thread's affair. */
  count(user, channel, notified) {
    const readTo = Number(this.marks[markKey(user, channel)] ?? this.marks.since);
    const isCall = (message) => channel.is_im || notified.get(`${channel.id}:${message.ts}`)?.includes(user);
    const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;
    const fresh = channel.messages.filter((message) => Number(message.ts) > readTo && message.user !== user);
    return {
      unread: fresh.filter((message) => !isReply(message) || isCall(message)).length,
      mentions: fresh.filter(isCall).length,
    };
  }
}

function markKey(user, channel) {
  return `${user}:${channel.id}`;
}
