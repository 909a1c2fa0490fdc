// What every control shares: its name for those who hear the page, and how a press or a change reaches the app.

import { confirmed } from "./menu.js";

/** Ask first where the element wants it, then tell the sandbox; busy until it has answered. */
export async function submit(node, element, block, surface, value = element.value) {
  if (node.getAttribute("aria-busy") || !(await confirmed(element.confirm, surface.scope))) return;
  node.setAttribute("aria-busy", "true");
  await surface.act(block, element, value);
  node.removeAttribute("aria-busy");
}

/** A change in an input block stays in the form; elsewhere, or with dispatch_action, the app hears of it. */
export async function changed(node, element, block, surface, value) {
  if (block.type === "input" && !block.dispatch_action) return;
  await submit(node, element, block, surface, value);
}

/** A control without a label of its own is called by its placeholder, or by what stands beside it. */
export function named(element, surface) {
  if (surface.labelId) return { "aria-labelledby": surface.labelId, "aria-describedby": surface.noteIds };
  return { "aria-label": element.placeholder?.text ?? surface.besideText ?? element.action_id };
}
