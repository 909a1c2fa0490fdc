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
  return surfaceAt({ channel: channel.id, ts: message.ts }, scope, fields);
}

/** The surface of a modal or a Home. */
export function viewSurface(view, scope, fields, errors = {}) {
  return { ...surfaceAt({ view_id: view.id }, scope, fields), errors };
}

function surfaceAt(where, scope, fields) {
  return {
    scope,
    fields,
    act: (block, element, value) => {
      const pressed = { block_id: block.block_id, action_id: element.action_id, value };
      return perform("click", { ...where, ...pressed, ...filledIn(scope, fields) }, scope);
    },
    suggest: (block, { action_id }, query) =>
      perform("suggest", { ...where, block_id: block.block_id, action_id, value: query }, scope),
  };
}

/** A click carries what stands in the form; a sandbox with one unnamed app does not take it yet. */
function filledIn({ world }, fields) {
  const values = fields.values();
  return world.apps && Object.keys(values).length ? { values } : {};
}
