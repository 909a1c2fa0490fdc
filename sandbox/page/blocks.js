// Block Kit's blocks.

import { h } from "./dom.js";
import { drawElement, unknown } from "./elements.js";
import { link } from "./entities.js";
import { freshId } from "./fields.js";
import { markdown } from "./markdown.js";
import { plain, textObject } from "./mrkdwn.js";
import { pictureOf } from "./picture.js";
import { richText } from "./richtext.js";

const TASK_MARKS = { pending: "○", in_progress: "◐", complete: "●", error: "✕" };

const DRAW = {
  header: (block) => h("h3", { class: "block-header" }, plain(block.text)),
  divider: () => h("hr"),
  section,
  context,
  actions,
  context_actions: actions,
  input,
  image,
  rich_text: (block, { scope }) => richText(block, scope),
  markdown: (block) => markdown(block.text),
  alert: (block, { scope }) =>
    h("div", { class: `alert ${block.level ?? "default"}`, role: "note" }, anyText(block.text, scope)),
  card,
  carousel: (block, surface) =>
    h(
      "div",
      { class: "carousel" },
      block.elements.map((element) => card(element, surface)),
    ),
  container,
  table,
  data_table: table,
  plan: (block, surface) =>
    h(
      "div",
      { class: "plan" },
      h("strong", {}, block.title),
      (block.tasks ?? []).map((task) => taskCard(task, surface)),
    ),
  task_card: taskCard,
  video: (block) => link(block.title_url ?? block.video_url ?? "", block.title?.text ?? block.alt_text),
};

export function drawBlocks(blocks, surface) {
  return blocks.map((block) => {
    const node = DRAW[block.type]?.(block, surface) ?? unknown(block, surface.scope);
    node.classList.add("block");
    node.dataset.blockId = block.block_id ?? "";
    return node;
  });
}

function section(block, surface) {
  const beside = { ...surface, besideText: block.text?.text };
  const body = h("div", { class: "section-body" });
  if (block.text) body.append(h("div", { class: "text" }, textObject(block.text, surface.scope)));
  if (block.fields)
    body.append(
      h(
        "div",
        { class: "fields" },
        block.fields.map((field) => h("div", { class: "text" }, textObject(field, surface.scope))),
      ),
    );
  return h(
    "div",
    { class: "section" },
    body,
    block.accessory && h("div", { class: "accessory" }, drawElement(block.accessory, block, beside)),
  );
}

function context(block, { scope }) {
  return h(
    "div",
    { class: "context" },
    block.elements.map((element) =>
      element.type === "image"
        ? pictureOf(element, scope, "icon-picture")
        : h("span", { class: "text" }, textObject(element, scope)),
    ),
  );
}

function actions(block, surface) {
  return h(
    "div",
    { class: "actions" },
    block.elements.map((element) => drawElement(element, block, surface)),
  );
}

function input(block, surface) {
  const { scope, errors = {} } = surface;
  const [labelId, noteId, controlId] = ["label", "note", "control"].map(freshId);
  const error = errors[block.block_id];
  const label = h(
    "label",
    { id: labelId, for: controlId },
    plain(block.label),
    block.optional
      ? h("small", {}, ` ${scope.say("optional")}`)
      : h("span", { class: "needed", "aria-hidden": "true" }, " *"),
  );
  const control = drawElement(block.element, block, { ...surface, labelId, controlId, noteIds: noteId });
  // A group of checkboxes can be neither in ARIA; its note says what is wrong.
  const canBeAsked = control.getAttribute("role") !== "group";
  if (!block.optional && canBeAsked) control.setAttribute("aria-required", "true");
  if (error) control.setAttribute(canBeAsked ? "aria-invalid" : "data-invalid", "true");
  const note = h(
    "div",
    { id: noteId, class: "notes" },
    error && h("p", { class: "error" }, error),
    block.hint && h("p", { class: "hint" }, plain(block.hint)),
  );
  return h("div", { class: "input" }, label, control, note);
}

function image(block, { scope }) {
  return h("figure", {}, block.title && h("figcaption", {}, plain(block.title)), pictureOf(block, scope, "picture"));
}

function card(block, surface) {
  const { scope } = surface;
  return h(
    "div",
    { class: "card" },
    block.hero_image && pictureOf(block.hero_image, scope, "picture"),
    h(
      "div",
      { class: "card-head" },
      block.icon && pictureOf(block.icon, scope, "icon-picture"),
      h(
        "div",
        {},
        block.title && h("strong", {}, anyText(block.title, scope)),
        block.subtitle && h("div", { class: "quiet" }, anyText(block.subtitle, scope)),
      ),
    ),
    block.body && h("div", { class: "text" }, anyText(block.body, scope)),
    block.actions &&
      h(
        "div",
        { class: "actions" },
        block.actions.map((element) => drawElement(element, block, surface)),
      ),
  );
}

function container(block, surface) {
  const title = block.title ? anyText(block.title, surface.scope) : surface.scope.say("showDetails");
  const children = drawBlocks(block.child_blocks ?? [], surface);
  if (!block.is_collapsible) return h("div", { class: "container" }, block.title && h("strong", {}, title), children);
  return h("details", { class: "container", open: !block.default_collapsed }, h("summary", {}, title), children);
}

function table(block, { scope }) {
  const rows = block.rows.map((row, index) =>
    h(
      "tr",
      {},
      (row.cells ?? row).map((cell, column) => tableCell(cell, index, block.column_settings?.[column], scope)),
    ),
  );
  const caption = block.caption && h("caption", {}, anyText(block.caption, scope));
  return h(
    "div",
    { class: "table-frame", tabindex: "0", role: "group", "aria-label": block.caption?.text ?? "table" },
    h("table", {}, caption, h("tbody", {}, rows)),
  );
}

function tableCell(cell, rowIndex, column, scope) {
  const content = cell.type === "rich_text" ? richText(cell, scope) : anyText(cell.text ?? cell.value ?? "", scope);
  return h(
    rowIndex === 0 ? "th" : "td",
    { class: `align-${column?.align ?? "left"}`, scope: rowIndex === 0 ? "col" : null },
    content,
  );
}

function taskCard(block, surface) {
  const status = block.status ?? "pending";
  return h(
    "div",
    { class: `task ${status}` },
    h("span", { class: "task-mark", role: "img", "aria-label": status }, TASK_MARKS[status]),
    h(
      "div",
      {},
      h("span", {}, block.title),
      block.details && richText(block.details, surface.scope),
      block.output && richText(block.output, surface.scope),
    ),
  );
}

/** Newer blocks take a text object in one place and a bare string in the next. */
function anyText(text, scope) {
  return typeof text === "object" ? textObject(text, scope) : String(text);
}
