// Slack's mrkdwn as DOM nodes.

import { h } from "./dom.js";
import { emojiOf, withEmoji } from "./emoji.js";
import { entity, link, unescape } from "./entities.js";

const FENCE = /```\n?([\s\S]+?)\n?```/;
const QUOTED = /^(?:&gt;|>) ?/;
const STYLE_TAGS = { "*": "strong", _: "em", "~": "del" };
const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<entity>[^<>\\n]+)>",
    ":(?<emoji>[a-z0-9_+-]+):",
    "(?<![\\p{L}\\p{N}*_~])(?<mark>[*_~])(?=\\S)(?<styled>[^\\n]+?)(?<=\\S)\\k<mark>(?![\\p{L}\\p{N}])",
    "(?<url>https?://[^\\s<>|]*[^\\s<>|.,;:!?)'\"*_~])",
  ].join("|"),
  "gu",
);

/** A text object: mrkdwn or plain text. */
export function textObject(text, scope) {
  if (!text) return document.createDocumentFragment();
  return text.type === "mrkdwn" ? mrkdwn(text.text, scope) : plain(text);
}

export function plain(text) {
  const shown = text?.emoji === false ? text.text : withEmoji(text?.text ?? "");
  return document.createTextNode(shown);
}

export function mrkdwn(text, scope) {
  const out = document.createDocumentFragment();
  const parts = String(text).split(FENCE);
  parts.forEach((part, index) => {
    if (index % 2) out.append(h("pre", {}, literal(part, scope)));
    else out.append(...paragraphs(besideFences(part, index > 0, index < parts.length - 1), scope));
  });
  return out;
}

/** A fence stands on lines of its own, so the line ends that touch it are not shown. */
function besideFences(text, isAfter, isBefore) {
  const start = isAfter && text.startsWith("\n") ? 1 : 0;
  const end = isBefore && text.endsWith("\n") ? -1 : undefined;
  return text.slice(start, end);
}

function paragraphs(text, scope) {
  const nodes = [];
  let quote = null;
  let isFirst = true;
  for (const line of text === "" ? [] : text.split("\n")) {
    if (QUOTED.test(line)) {
      if (quote) quote.append("\n");
      else nodes.push((quote = h("blockquote")));
      quote.append(...inline(line.replace(QUOTED, ""), scope));
    } else {
      if (!isFirst && !quote) nodes.push("\n");
      quote = null;
      nodes.push(...inline(line, scope));
    }
    isFirst = false;
  }
  return nodes;
}

export function inline(text, scope) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) nodes.push(unescape(text.slice(end, match.index)));
    nodes.push(inlineNode(match, scope));
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(unescape(text.slice(end)));
  return nodes;
}

function inlineNode(match, scope) {
  const { code, entity: inside, emoji, mark, styled, url } = match.groups;
  if (code !== undefined) return h("code", {}, literal(code, scope));
  if (inside !== undefined) return entity(inside, scope);
  if (emoji !== undefined) return emojiNode(emoji);
  if (mark !== undefined) return h(STYLE_TAGS[mark], {}, inline(styled, scope));
  return link(unescape(url), "", scope);
}

export function emojiNode(name) {
  const character = emojiOf(name);
  return character
    ? h("span", { class: "emoji", role: "img", "aria-label": name, title: `:${name}:` }, character)
    : `:${name}:`;
}

/** Code keeps its stars and underscores; mentions and links in it still count, as on Slack. */
function literal(text, scope) {
  return text.split(/<([^<>\n]+)>/).map((part, index) => (index % 2 ? entity(part, scope) : unescape(part)));
}
