// The message list of a channel, a direct message or a thread.

import { dayKey, dayName } from "./dates.js";
import { h, reconcile } from "./dom.js";
import { drawMessage, drawPending } from "./message.js";

const SAME_BREATH_SECONDS = 300;
const NEAR_END_PX = 80;

/** A scrolling list that stays at its end while the reader is there. */
export class Conversation {
  constructor(box, list) {
    this.box = box;
    this.list = list;
    this.shown = null;
    // Where the box stood when its end was last on the screen; nowhere, once the reader has left it.
    this.endTop = 0;
    this.latest = h("button", { type: "button", class: "latest button", hidden: true, onclick: () => this.toEnd() });
    box.after(this.latest);
    box.addEventListener("scroll", () => {
      if (this.isNearEnd()) {
        this.endTop = box.scrollTop;
        this.latest.hidden = true;
      } else if (!this.isFollowing()) {
        this.endTop = Infinity;
      }
    });
    // A pane that opens beside this one, a composer or a keyboard below it, moves the end without any scrolling.
    const keep = new ResizeObserver(() => this.isFollowing() && this.toEnd());
    for (const node of [box, list]) keep.observe(node);
  }

  /** `entries` come from `channelEntries` or `threadEntries`; `name` tells one conversation from the next. */
  render(name, channel, entries, scope) {
    const isFollowing = this.shown !== name || this.isFollowing();
    const lengthBefore = this.list.children.length;
    reconcile(this.list, rows(entries, channel, scope));
    this.shown = name;
    this.latest.textContent = scope.say("latest");
    if (isFollowing) this.toEnd();
    else if (this.list.children.length > lengthBefore) this.latest.hidden = false;
  }

  isNearEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR_END_PX;
  }

  isFollowing() {
    return this.box.scrollTop >= this.endTop - NEAR_END_PX;
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
    this.endTop = this.box.scrollTop;
    this.latest.hidden = true;
  }
}

/** The channel's own messages with the acting person's ephemerals among them, oldest first. */
export function channelEntries(channel, scope, pending) {
  const messages = channel.messages.filter(
    (message) => !message.thread_ts || message.thread_ts === message.ts || message.subtype === "thread_broadcast",
  );
  return merged(messages, ephemerals(channel, null, scope), pending);
}

export function threadEntries(channel, ts, scope, pending) {
  const messages = channel.messages.filter((message) => message.ts === ts || message.thread_ts === ts);
  return merged(messages, ephemerals(channel, ts, scope), pending).map((entry) => ({ ...entry, inThread: true }));
}

function ephemerals(channel, thread, scope) {
  const mine = scope.world.ephemerals[scope.me.id] ?? [];
  return mine.filter((message) => message.channel === channel.id && (message.thread_ts ?? null) === thread);
}

function merged(messages, ephemeral, pending) {
  const entries = [
    ...messages.map((message) => ({ message })),
    ...ephemeral.map((message) => ({ message: { user: message.user, ...message }, isEphemeral: true })),
  ];
  entries.sort((a, b) => Number(a.message.ts) - Number(b.message.ts));
  return [...entries, ...pending.map((entry) => ({ pending: entry }))];
}

function rows(entries, channel, scope) {
  const items = [];
  let before = null;
  let lastDay = null;
  for (const entry of entries) {
    if (entry.pending) {
      items.push({
        key: `pending-${entry.pending.id}`,
        stamp: scope.stamp,
        draw: () => drawPending(entry.pending, scope),
      });
      continue;
    }
    const day = dayKey(Number(entry.message.ts), scope);
    if (day !== lastDay) items.push(dividerRow(`day-${day}`, dayName(Number(entry.message.ts), scope)));
    lastDay = day;
    const options = {
      ...entry,
      isCompact: isSameBreath(before, entry),
      isPinned: channel.pins.includes(entry.message.ts),
      isAsked: scope.place.wire === entry.message.ts,
    };
    items.push(messageRow(entry.message, channel, scope, options));
    before = entry;
    if (entry.inThread && entry.message.reply_count) {
      items.push(dividerRow("replies", scope.say("replies", { count: entry.message.reply_count })));
      before = null;
    }
  }
  return items;
}

function dividerRow(key, label) {
  return { key, stamp: label, draw: () => h("li", { class: "divider" }, h("span", {}, label)) };
}

function messageRow(message, channel, scope, options) {
  const stamp = JSON.stringify([message, options.isCompact, options.isPinned, options.isAsked, scope.stamp]);
  const key = `${options.isEphemeral ? "ephemeral" : "message"}-${message.ts}`;
  return { key, stamp, draw: () => drawMessage(message, channel, scope, options) };
}

function isSameBreath(before, entry) {
  if (!before || before.isEphemeral || entry.isEphemeral) return false;
  const gap = Number(entry.message.ts) - Number(before.message.ts);
  return before.message.user === entry.message.user && gap < SAME_BREATH_SECONDS && !before.message.reply_count;
}
