// Block Kit's interactive elements.
//
// Each drawing function takes (element, block, surface) and gives a node. A surface is
// `{scope, fields, labelId?, act(block, element, value), suggest(block, element, query)}`: `act` tells the sandbox,
// `suggest` asks the app for options, `labelId` names the input's label.

import { fromWallClock, wallClock } from "./dates.js";
import { h, icon, iconButton } from "./dom.js";
import { freshId } from "./fields.js";
import { openMenu } from "./menu.js";
import { plain } from "./mrkdwn.js";
import { pictureOf } from "./picture.js";
import { changed, named, submit } from "./pressing.js";
import { appOptions, SELECTS } from "./selects.js";

const moment = { write: wallClock, read: fromWallClock };

const DRAW = {
  button,
  overflow,
  image: (element, block, { scope }) => pictureOf(element, scope, "thumb"),
  workflow_button: button,
  icon_button: iconAction,
  feedback_buttons: feedback,
  ...SELECTS,
  checkboxes,
  radio_buttons: radios,
  plain_text_input: typed("text"),
  number_input: typed("number"),
  email_text_input: typed("email"),
  url_text_input: typed("url"),
  datepicker: picked("date", (element) => element.initial_date),
  timepicker: picked("time", (element) => element.initial_time),
  datetimepicker: picked("datetime-local", (element) => element.initial_date_time, moment),
};

export function drawElement(element, block, surface) {
  const draw = DRAW[element.type];
  const node = draw ? draw(element, block, surface) : unknown(element, surface.scope);
  if (element.action_id) node.dataset.action = element.action_id;
  return node;
}

/** What this page cannot draw says so, with its type. */
export function unknown({ type }, scope) {
  return h("p", { class: "unknown" }, scope.say("unknown", { type }));
}

function button(element, block, surface) {
  const classes = ["button", element.style ?? ""].join(" ");
  const node = h(
    "button",
    { type: "button", class: classes, "aria-label": element.accessibility_label },
    plain(element.text),
  );
  if (element.url) node.append(icon("external"));
  node.addEventListener("click", () => {
    if (/^https?:/i.test(element.url ?? "")) window.open(element.url, "_blank", "noopener,noreferrer");
    submit(node, element, block, surface);
  });
  return node;
}

function iconAction(element, block, surface) {
  const node = h("button", { type: "button", class: "button" }, plain(element.text));
  node.addEventListener("click", () => submit(node, element, block, surface));
  return node;
}

function feedback(element, block, surface) {
  const both = [element.positive_button, element.negative_button].map((half) => {
    const node = h(
      "button",
      { type: "button", class: "button", "aria-label": half.accessibility_label },
      plain(half.text),
    );
    node.addEventListener("click", () => submit(node, element, block, surface, half.value));
    return node;
  });
  return h("span", { class: "row" }, both);
}

function overflow(element, block, surface) {
  const node = iconButton(
    "more",
    surface.scope.say("moreActions"),
    () => openMenu(node, element.options.map(entryOf)),
    { "aria-haspopup": "menu" },
  );
  const entryOf = (option) => ({
    label: plain(option.text),
    note: option.description?.text,
    run: () => {
      if (/^https?:/i.test(option.url ?? "")) window.open(option.url, "_blank", "noopener,noreferrer");
      submit(node, element, block, surface, option.value);
    },
  });
  return node;
}

function checkboxes(element, block, surface) {
  const initial = element.initial_options?.map((option) => option.value) ?? [];
  const start = surface.fields.start(block, element, initial);
  const box = h("div", { class: "choices", role: "group", ...named(element, surface) });
  const read = () => [...box.querySelectorAll("input:checked")].map((input) => input.value);
  box.append(
    ...appOptions(element, surface)[0].options.map((option) =>
      choice("checkbox", option, start.includes(option.value), freshId("many")),
    ),
  );
  surface.fields.add(block, element, read);
  box.addEventListener("change", () => changed(box, element, block, surface, read()));
  return box;
}

function radios(element, block, surface) {
  const start = surface.fields.start(block, element, element.initial_option?.value);
  const box = h("div", { class: "choices", role: "radiogroup", ...named(element, surface) });
  const group = freshId("radio");
  const read = () => box.querySelector("input:checked")?.value ?? null;
  box.append(
    ...appOptions(element, surface)[0].options.map((option) =>
      choice("radio", option, option.value === start, group),
    ),
  );
  surface.fields.add(block, element, read);
  box.addEventListener("change", () => changed(box, element, block, surface, read()));
  return box;
}

function choice(type, option, isChosen, name) {
  const input = h("input", { type, name, checked: isChosen });
  input.value = option.value;
  return h(
    "label",
    { class: "choice" },
    input,
    h("span", {}, option.rich ?? option.text, option.description && h("small", {}, option.description)),
  );
}

function typed(type) {
  return (element, block, surface) => {
    const attributes = {
      id: surface.controlId,
      ...named(element, surface),
      placeholder: element.placeholder?.text,
      minlength: element.min_length,
      maxlength: element.max_length,
      min: element.min_value,
      max: element.max_value,
      step: element.is_decimal_allowed ? "any" : null,
      autofocus: element.focus_on_load,
    };
    const input = element.multiline ? h("textarea", { rows: 4, ...attributes }) : h("input", { type, ...attributes });
    input.value = surface.fields.start(block, element, element.initial_value) ?? "";
    surface.fields.add(block, element, () => input.value);
    if (element.dispatch_action_config?.trigger_actions_on?.includes("on_character_entered"))
      input.addEventListener("input", () => changed(input, element, block, surface, input.value));
    else if (!element.multiline)
      input.addEventListener(
        "keydown",
        (event) => event.key === "Enter" && changed(input, element, block, surface, input.value),
      );
    return input;
  };
}

/** `form` tells how the app's value is written into the control and read from it. */
function picked(type, initial, form = { write: (value) => value, read: (text) => text }) {
  return (element, block, surface) => {
    const input = h("input", { id: surface.controlId, type, ...named(element, surface) });
    const start = surface.fields.start(block, element, initial(element));
    input.value = start ? form.write(start, surface.scope) : "";
    const read = () => (input.value ? form.read(input.value, surface.scope) : null);
    surface.fields.add(block, element, read);
    input.addEventListener("change", () => input.value && changed(input, element, block, surface, read()));
    return input;
  };
}
