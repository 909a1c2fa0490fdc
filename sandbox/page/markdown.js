// The markdown block: the part of Markdown that operations notes use.

import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { link } from "./entities.js";

const FENCE = /^```.*$/;
const ITEM = /^\s*(?:[-*+]|\d+[.)])\s+(.*)$/;
const INLINE = /`([^`]+)`|\*\*(.+?)\*\*|(?<!\w)[*_](?=\S)(.+?)(?<=\S)[*_](?!\w)|~~(.+?)~~|\[([^\]]+)\]\(([^)\s]+)\)/g;

export function markdown(text) {
  const box = h("div", { class: "markdown text" });
  const lines = text.split("\n");
  while (lines.length) box.append(nextPart(lines));
  return box;
}

function nextPart(lines) {
  const line = lines.shift();
  if (FENCE.test(line)) {
    const code = takeWhile(lines, (next) => !FENCE.test(next));
    lines.shift();
    return h("pre", {}, code.join("\n"));
  }
  const heading = /^#{1,6}\s+(.*)$/.exec(line);
  if (heading) return h("h4", {}, inline(heading[1]));
  if (line.startsWith(">")) return h("blockquote", {}, inline(line.replace(/^> ?/, "")));
  if (ITEM.test(line)) {
    const tag = /^\s*\d/.test(line) ? "ol" : "ul";
    const items = [line, ...takeWhile(lines, (next) => ITEM.test(next))];
    return h(
      tag,
      {},
      items.map((item) => h("li", {}, inline(ITEM.exec(item)[1]))),
    );
  }
  return h("p", {}, inline(line));
}

function takeWhile(lines, fits) {
  const end = lines.findIndex((line) => !fits(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(withEmoji(text.slice(end, match.index)), inlineNode(match));
    end = match.index + match[0].length;
  }
  nodes.push(withEmoji(text.slice(end)));
  return nodes;
}

function inlineNode([, code, bold, italic, struck, label, url]) {
  if (code) return h("code", {}, code);
  if (bold) return h("strong", {}, inline(bold));
  if (italic) return h("em", {}, inline(italic));
  if (struck) return h("del", {}, inline(struck));
  return link(url, label);
}
