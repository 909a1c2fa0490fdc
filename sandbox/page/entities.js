// What stands between angle brackets in Slack's text: people, channels, groups, dates and links.

import { dateToken, fullTime } from "./dates.js";
import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";

export function unescape(text) {
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

/** The node for the inside of `<...>`. */
export function entity(inside, scope) {
  const bar = inside.indexOf("|");
  const body = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inside.slice(bar + 1));
  if (body.startsWith("@")) return person(body.slice(1), label, scope);
  if (body.startsWith("#")) return channel(body.slice(1), label, scope);
  if (body.startsWith("!date^")) return date(body, label, scope);
  if (body.startsWith("!subteam^")) return group(body.slice("!subteam^".length), label, scope);
  if (body.startsWith("!")) return mention(`@${label || body.slice(1)}`, true);
  return link(unescape(body), label, scope);
}

export function person(id, label, scope) {
  const known = scope.person(id);
  return mention(`@${known?.shownName ?? (label || id)}`, id === scope.me.id);
}

export function channel(id, label, scope) {
  const known = scope.channel(id);
  const text = `#${known?.name ?? (label || id)}`;
  if (!known) return mention(text, false);
  return h("a", { class: "mention", href: scope.addressOf({ in: id, thread: null }) }, text);
}

export function group(id, label, scope) {
  const known = scope.group(id);
  const handle = known ? `@${known.handle}` : label || `@${id}`;
  return mention(handle.startsWith("@") ? handle : `@${handle}`, Boolean(known?.users.includes(scope.me.id)));
}

/** Only web and mail addresses become links; anything else (javascript:, data:) stays text. */
export function link(url, label, scope) {
  const text = withEmoji(label || url.replace(/^mailto:/, ""));
  const place = scope && permalinkPlace(url, scope);
  if (place) return h("a", { href: scope.addressOf(place) }, text);
  if (!/^(https?:|mailto:)/i.test(url)) return h("span", {}, text);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

export function timestamp(unix, format, scope) {
  return h(
    "time",
    { datetime: new Date(unix * 1000).toISOString(), title: fullTime(unix, scope) },
    dateToken(unix, format, scope),
  );
}

/** A permalink of this workspace leads to its channel, and to its thread, on this page. */
function permalinkPlace(url, scope) {
  const prefix = `https://${scope.world.team.domain}.slack.com/archives/`;
  if (!url.startsWith(prefix)) return null;
  const [, channelId, seconds, micros, query] =
    /^(\w+)(?:\/p(\d{10})(\d{6}))?(?:\?(.*))?$/.exec(url.slice(prefix.length)) ?? [];
  if (!channelId) return null;
  const parent = new URLSearchParams(query).get("thread_ts") ?? (seconds ? `${seconds}.${micros}` : null);
  const hasReplies = scope.channel(channelId)?.messages.some((message) => message.ts === parent && message.reply_count);
  return { in: channelId, thread: hasReplies ? parent : null, tab: null };
}

function date(body, label, scope) {
  const [, unix, format, url] = body.split("^");
  if (!/^\d{1,11}$/.test(unix) || !format) return h("span", {}, label || body);
  const node = timestamp(Number(unix), unescape(format), scope);
  if (!url || !/^https?:/i.test(url)) return node;
  return h("a", { href: unescape(url), target: "_blank", rel: "noopener noreferrer" }, node);
}

function mention(text, isMine) {
  return h("span", { class: isMine ? "mention mention-mine" : "mention" }, text);
}
