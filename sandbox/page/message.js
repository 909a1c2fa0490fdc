// One message in a list.

import { drawAttachments } from "./attachments.js";
import { drawBlocks } from "./blocks.js";
import { clockTime, fullTime } from "./dates.js";
import { messageSurface, perform } from "./deeds.js";
import { h, icon, iconButton } from "./dom.js";
import { Fields } from "./fields.js";
import { openMenu } from "./menu.js";
import { emojiNode, mrkdwn } from "./mrkdwn.js";
import { isOurs } from "./picture.js";

const TONES = 8;
const QUICK_REACTIONS = ["eyes", "white_check_mark", "+1", "raised_hand", "tada"];

/** `options`: `{isEphemeral, isPinned, isCompact, inThread}`. */
export function drawMessage(message, channel, scope, options) {
  const author = authorOf(message, scope);
  const classes = ["message", options.isEphemeral && "ephemeral", options.isCompact && "compact"]
    .filter(Boolean)
    .join(" ");
  return h(
    "li",
    { class: classes, "data-ts": message.ts, tabindex: "-1", "aria-current": options.isAsked ? "true" : null },
    h("div", { class: "gutter" }, options.isCompact ? time(message, scope) : avatar(author)),
    h(
      "div",
      { class: "message-body" },
      options.isEphemeral && h("div", { class: "only-you" }, scope.say("onlyYou")),
      options.isPinned && h("div", { class: "only-you" }, `📌 ${scope.say("pinned")}`),
      !options.isCompact && byline(author, message, scope),
      content(message, channel, scope),
      files(message, scope),
      reactions(message, channel, scope),
      !options.inThread && replies(message, scope),
    ),
    options.isEphemeral ? ownTools(message, scope) : tools(message, channel, scope, options),
  );
}

/** A command on its way, shown where its answer will stand. */
export function drawPending(entry, scope) {
  return h(
    "li",
    { class: "message pending" },
    h("div", { class: "gutter" }, avatar({ name: scope.me.shownName, id: scope.me.id })),
    h(
      "div",
      { class: "message-body", role: "status" },
      h("span", { class: "spinner" }),
      scope.say("sending", { text: entry.text }),
    ),
  );
}

function authorOf(message, scope) {
  const isApp = Boolean(message.bot_id) || message.user === scope.bot.id;
  const user = scope.person(message.user);
  return {
    id: message.user,
    isApp,
    name: isApp ? (scope.world.app.name ?? scope.bot.shownName) : (user?.shownName ?? message.user),
    title: user?.title,
  };
}

export function avatar({ id = "", name, isApp }) {
  if (isApp) return h("span", { class: "avatar app", "aria-hidden": "true" }, icon("bolt"));
  const initials = name
    .split(/\s+/)
    .map((word) => word[0])
    .slice(0, 2)
    .join("")
    .toUpperCase();
  const tone = [...id].reduce((sum, letter) => sum * 31 + letter.codePointAt(0), 7) % TONES;
  return h("span", { class: `avatar tone-${tone}`, "aria-hidden": "true" }, initials);
}

function byline(author, message, scope) {
  return h(
    "div",
    { class: "byline" },
    h("strong", {}, author.name),
    author.isApp && h("span", { class: "app-badge" }, scope.say("app")),
    author.title && h("span", { class: "quiet title" }, author.title),
    time(message, scope),
  );
}

function time(message, scope) {
  const unix = Number(message.ts);
  return h(
    "time",
    { class: "quiet", datetime: new Date(unix * 1000).toISOString(), title: fullTime(unix, scope) },
    clockTime(unix, scope),
  );
}

function content(message, channel, scope) {
  const edited = message.edited && h("span", { class: "edited quiet" }, ` ${scope.say("edited")}`);
  const surface = messageSurface(message, channel, scope, new Fields());
  const attached = drawAttachments(message.attachments ?? [], surface);
  if (!message.blocks?.length) return [h("div", { class: "text" }, mrkdwn(message.text ?? "", scope), edited), attached];
  return h("div", { class: "blocks" }, drawBlocks(message.blocks, surface), attached, edited);
}

function files(message, scope) {
  if (!message.files?.length) return null;
  return h(
    "div",
    { class: "files" },
    message.files.map((file) => fileNode(file, scope)),
  );
}

function fileNode(file, scope) {
  const address = file.url_private ?? file.permalink ?? "";
  const name = file.title || file.name || scope.say("file");
  if (!isOurs(address)) return h("span", { class: "file" }, name);
  if (file.mimetype?.startsWith("image/"))
    return h(
      "a",
      { href: address, target: "_blank", rel: "noopener" },
      h("img", { class: "picture", src: address, alt: name }),
    );
  return h("a", { class: "file", href: address, target: "_blank", rel: "noopener" }, name);
}

function reactions(message, channel, scope) {
  if (!message.reactions?.length) return null;
  return h(
    "div",
    { class: "reactions" },
    message.reactions.map(({ name, users, count }) => {
      const title = users.map((id) => scope.person(id)?.shownName ?? id).join(", ");
      const props = {
        type: "button",
        class: "reaction",
        title,
        disabled: users.includes(scope.me.id),
        onclick: () => react(name, message, channel, scope),
      };
      return h("button", props, emojiNode(name), ` ${count}`);
    }),
  );
}

function react(name, message, channel, scope) {
  perform("reaction", { channel: channel.id, ts: message.ts, name }, scope);
}

function replies(message, scope) {
  const count = message.reply_count ?? 0;
  if (!count) return null;
  return h(
    "a",
    { class: "replies", href: scope.addressOf({ thread: message.ts }) },
    icon("reply"),
    scope.say("replies", { count }),
  );
}

/** Of what only one person sees, Slack lets one do nothing; here one may still ask where it came from. */
function ownTools(message, scope) {
  return h("div", { class: "tools" }, iconButton("pulse", scope.say("why"), () => scope.go({ wire: message.ts })));
}

function tools(message, channel, scope, { inThread }) {
  const shortcuts = scope.world.shortcuts.filter((shortcut) => shortcut.type === "message");
  const where = { channel: channel.id, ts: message.ts };
  const openThread = () => scope.go({ thread: message.thread_ts ?? message.ts });
  const entries = shortcuts.map(({ name, description, callback_id }) => ({
    label: name,
    note: description,
    run: () => perform("shortcut", { callback_id, ...where }, scope),
  }));
  if (!inThread) entries.unshift({ label: scope.say("reply"), run: openThread });
  entries.push({ label: scope.say("why"), run: () => scope.go({ wire: message.ts }) });
  const more = iconButton("more", scope.say("moreActions"), (event) => openMenu(event.currentTarget, entries), {
      "aria-haspopup": "menu",
    });
  const reply = !inThread && iconButton("reply", scope.say("reply"), openThread);
  const choices = QUICK_REACTIONS.map((name) => ({
    label: emojiNode(name),
    run: () => react(name, message, channel, scope),
  }));
  const smile = iconButton("smile", scope.say("react"), (event) => openMenu(event.currentTarget, choices, "row-menu"), {
    "aria-haspopup": "menu",
  });
  return h("div", { class: "tools" }, smile, reply, more);
}
