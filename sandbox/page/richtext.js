// The rich_text block: typed nodes instead of markup.

import { h } from "./dom.js";
import { emojiNode } from "./mrkdwn.js";
import { channel, group, link, person, timestamp } from "./entities.js";

const BOXES = {
  rich_text_section: (node, scope) => h("div", { class: "text" }, leaves(node, scope)),
  rich_text_quote: (node, scope) => h("blockquote", {}, leaves(node, scope)),
  rich_text_preformatted: (node, scope) => h("pre", {}, leaves(node, scope)),
  rich_text_list: list,
};

const LEAVES = {
  text: (leaf) => leaf.text,
  link: (leaf, scope) => link(leaf.url, leaf.text ?? "", scope),
  user: (leaf, scope) => person(leaf.user_id, "", scope),
  channel: (leaf, scope) => channel(leaf.channel_id, "", scope),
  usergroup: (leaf, scope) => group(leaf.usergroup_id, "", scope),
  broadcast: (leaf) => h("span", { class: "mention mention-mine" }, `@${leaf.range}`),
  emoji: (leaf) => emojiNode(leaf.name),
  date: (leaf, scope) => timestamp(leaf.timestamp, leaf.format ?? "{date_short_pretty} {time}", scope),
  color: (leaf) => h("code", {}, leaf.value),
};

const STYLES = { bold: "strong", italic: "em", strike: "del", code: "code", underline: "u" };

export function richText(block, scope) {
  return h(
    "div",
    { class: "rich-text" },
    block.elements.map((node) => BOXES[node.type]?.(node, scope) ?? ""),
  );
}

function leaves(node, scope) {
  return node.elements.map((leaf) => styled(LEAVES[leaf.type]?.(leaf, scope) ?? leaf.text ?? "", leaf.style));
}

function styled(child, style = {}) {
  return Object.entries(STYLES).reduce((inner, [name, tag]) => (style[name] ? h(tag, {}, inner) : inner), child);
}

function list(node, scope) {
  const items = node.elements.map((item) => h("li", {}, leaves(item, scope)));
  const tag = node.style === "ordered" ? "ol" : "ul";
  return h(
    tag,
    { class: `indent-${node.indent ?? 0}`, start: tag === "ol" && node.offset ? node.offset + 1 : null },
    items,
  );
}
