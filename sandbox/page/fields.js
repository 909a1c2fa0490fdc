// What the controls of one message or view hold right now.

let serial = 0;

/** The readable controls of one surface, by block_id and action_id. */
export class Fields {
  constructor(kept = {}) {
    this.kept = kept;
    this.entries = [];
  }

  /** Remember how to read a control; an input block's control is `asked`, and must be filled unless optional. */
  add(block, element, read) {
    this.entries.push({ block, element, read });
  }

  /** What the person had entered before the view was drawn anew, else what the app gives to start with. */
  start(block, element, initial) {
    const held = this.kept[block.block_id] ?? {};
    return element.action_id in held ? held[element.action_id] : initial;
  }

  values() {
    const values = {};
    for (const { block, element, read } of this.entries) {
      values[block.block_id] ??= {};
      values[block.block_id][element.action_id] = read();
    }
    return values;
  }

  /** The block_ids of required inputs that are still empty. */
  missing() {
    const asked = this.entries.filter(({ block }) => block.type === "input" && !block.optional);
    return asked.filter(({ read }) => isEmpty(read())).map(({ block }) => block.block_id);
  }
}

export function freshId(prefix) {
  serial += 1;
  return `${prefix}-${serial}`;
}

function isEmpty(value) {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}
