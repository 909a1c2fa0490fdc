// The acting person's modals: a stack of which the last is seen.

import { act, Refused } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { perform, viewSurface } from "./deeds.js";
import { byId, h, iconButton } from "./dom.js";
import { Fields } from "./fields.js";
import { plain } from "./mrkdwn.js";

export class ModalStack {
  constructor() {
    this.dialog = byId("modal");
    this.drawn = new Map();
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close(false);
    });
  }

  render(scope) {
    this.scope = scope;
    const stack = scope.world.views[scope.me.id] ?? [];
    const open = new Set(
      Object.values(scope.world.views)
        .flat()
        .map((view) => view.id),
    );
    for (const id of this.drawn.keys()) if (!open.has(id)) this.drawn.delete(id);
    const top = stack.at(-1);
    if (top) this.show(top, stack.length);
    else if (this.dialog.open) this.dialog.close();
  }

  show(view, depth) {
    const stamp = JSON.stringify([
      view.blocks,
      view.title,
      view.submit,
      view.close,
      view.errors,
      depth,
      this.scope.stamp,
    ]);
    const before = this.drawn.get(view.id);
    if (before?.stamp !== stamp) this.draw(view, depth, stamp, view.errors);
    this.bringUp(view.id);
    if (!before) firstControl(this.top.node)?.focus();
  }

  bringUp(id) {
    this.top = this.drawn.get(id);
    const focused = this.dialog.contains(document.activeElement)
      ? document.activeElement.closest(".block")?.dataset.blockId
      : null;
    if (this.dialog.firstElementChild !== this.top.node) this.dialog.replaceChildren(this.top.node);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.setAttribute("aria-labelledby", `title-${id}`);
    const block =
      focused && [...this.dialog.querySelectorAll(".block")].find((node) => node.dataset.blockId === focused);
    if (block && !block.contains(document.activeElement))
      block.querySelector("input, select, textarea, button")?.focus();
  }

  /** Draw anew, keeping what the person entered wherever block_id and action_id stayed. */
  draw(view, depth, stamp, errors) {
    const scope = this.scope;
    const fields = new Fields(this.drawn.get(view.id)?.fields.values());
    const form = h(
      "form",
      { class: "modal", novalidate: true },
      head(view, scope, () => this.close(true)),
      h("div", { class: "modal-body blocks" }, drawBlocks(view.blocks, viewSurface(view, scope, fields, errors))),
      foot(view, scope, depth, () => this.close(false)),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(this.drawn.get(view.id));
    });
    this.drawn.set(view.id, { view, depth, stamp, fields, node: form });
  }

  async submit(shown) {
    const { view, fields, node } = shown;
    if (!view.submit || node.getAttribute("aria-busy")) return;
    const missing = fields.missing();
    if (missing.length) {
      this.complain(shown, Object.fromEntries(missing.map((id) => [id, this.scope.say("required")])));
      return;
    }
    setBusy(node, true);
    try {
      const told = await act("submit", { user: this.scope.me.id, view_id: view.id, values: fields.values() });
      if (told.ack?.response_action === "errors") this.complain(shown, told.ack.errors);
      else if (told.error) this.fail(node, this.scope.say("modalSilent", { error: told.error }));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.told.blocks) this.complain(shown, error.told.blocks);
      else this.fail(node, error.message);
    } finally {
      setBusy(node, false);
    }
  }

  complain({ view, depth, stamp }, errors) {
    this.draw(view, depth, stamp, errors);
    this.bringUp(view.id);
    this.dialog.querySelector("[aria-invalid], [data-invalid] input")?.focus();
  }

  fail(form, sentence) {
    form.querySelector(".modal-error").textContent = sentence;
  }

  /** The x leaves the whole stack, the button and Esc only the view on top. */
  close(isWholeStack) {
    perform("close", { view_id: this.top.view.id, all: isWholeStack }, this.scope);
  }
}

function head(view, scope, close) {
  const title = h("h2", { id: `title-${view.id}` }, plain(view.title));
  return h("header", { class: "modal-head" }, title, iconButton("close", scope.say("close"), close));
}

function foot(view, scope, depth, close) {
  const dismiss = view.close ? plain(view.close) : scope.say(depth > 1 ? "back" : view.submit ? "cancel" : "close");
  const submit = view.submit && h("button", { type: "submit", class: "button primary" }, plain(view.submit));
  return h(
    "footer",
    { class: "dialog-foot" },
    h("p", { class: "modal-error error", role: "alert" }),
    h("button", { type: "button", class: "button", onclick: close }, dismiss),
    submit,
  );
}

function setBusy(form, isBusy) {
  if (isBusy) form.setAttribute("aria-busy", "true");
  else form.removeAttribute("aria-busy");
  form.querySelector("[type=submit]").disabled = isBusy;
}

function firstControl(node) {
  return node.querySelector("[autofocus], .modal-body :is(input, textarea, .picker)");
}
