// Attachments of the older kind, drawn simply: a coloured edge, a title, text, fields, blocks.

import { drawBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { link } from "./entities.js";
import { mrkdwn } from "./mrkdwn.js";
import { pictureOf } from "./picture.js";

const NAMED = { good: "go", warning: "warn", danger: "stop" };

export function drawAttachments(attachments, surface) {
  return attachments.map((one) => attachment(one, surface));
}

function attachment(one, surface) {
  const { scope } = surface;
  const node = h(
    "div",
    { class: `attachment ${NAMED[one.color] ?? ""}` },
    one.pretext && h("div", { class: "text" }, mrkdwn(one.pretext, scope)),
    one.author_name && h("div", { class: "quiet" }, one.author_name),
    one.title && h("strong", {}, one.title_link ? link(one.title_link, one.title, scope) : one.title),
    one.text && h("div", { class: "text" }, mrkdwn(one.text, scope)),
    one.fields?.length && h("div", { class: "fields" }, one.fields.map((field) => fieldOf(field, scope))),
    one.blocks?.length && drawBlocks(one.blocks, surface),
    one.image_url && pictureOf({ image_url: one.image_url, alt_text: one.fallback }, scope, "picture"),
    one.footer && h("div", { class: "quiet" }, mrkdwn(one.footer, scope)),
  );
  if (/^#?[0-9a-f]{6}$/i.test(one.color ?? "")) node.style.borderColor = `#${one.color.replace("#", "")}`;
  return node;
}

function fieldOf({ title, value }, scope) {
  return h("div", { class: "text" }, title && h("strong", {}, `${title}\n`), mrkdwn(value ?? "", scope));
}
