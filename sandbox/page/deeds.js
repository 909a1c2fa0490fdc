// What a person does here, told to the sandbox; a refusal becomes a notice.

import { act, Refused } from "./api.js";
import { notice } from "./notices.js";

/** Resolves with the sandbox's answer, or null once the refusal has been shown. */
export async function perform(verb, body, scope) {
  try {
    return await act(verb, { user: scope.me.id, ...body });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice(error.message, scope);
    return null;
  }
}

/** The surface of a message: its buttons name the channel and the message. */
export function messageSurface(message, channel, scope, fields) {
  const where = { channel: channel.id, ts: message.ts };
  return { scope, fields, act: (block, element, value) => click(where, block, element, value, scope) };
}

/** The surface of a modal or a Home. */
export function viewSurface(view, scope, fields, errors = {}) {
  return {
    scope,
    fields,
    errors,
    act: (block, element, value) => click({ view_id: view.id }, block, element, value, scope),
  };
}

function click(where, block, element, value, scope) {
  return perform("click", { ...where, block_id: block.block_id, action_id: element.action_id, value }, scope);
}
