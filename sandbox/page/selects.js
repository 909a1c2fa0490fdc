// Block Kit's selects: from the app's options, from the people and channels of the workspace, or asked of the app.

import { h } from "./dom.js";
import { changed, named } from "./pressing.js";
import { plain, textObject } from "./mrkdwn.js";
import { picker } from "./picker.js";

const DEFAULT_MIN_QUERY = 3;

const own = { load: appOptions, first: (element) => listed(element.initial_option), many: "initial_options" };
const people = { load: peopleOptions, first: (element) => listed(element.initial_user), many: "initial_users" };
const places = { load: channelOptions, first: (element) => listed(element.initial_channel), many: "initial_channels" };
const talks = { load: conversationOptions, first: firstConversation, many: "initial_conversations" };

export const SELECTS = {
  static_select: select(own, "choose"),
  users_select: select(people, "choosePerson"),
  channels_select: select(places, "chooseChannel"),
  conversations_select: select(talks, "chooseChannel"),
  multi_static_select: select(own, "chooseMany", true),
  multi_users_select: select(people, "chooseMany", true),
  multi_channels_select: select(places, "chooseMany", true),
  multi_conversations_select: select(talks, "chooseMany", true),
  external_select: select({ ...own, load: asked, isRemote: true }, "choose"),
  multi_external_select: select({ ...own, load: asked, isRemote: true }, "chooseMany", true),
};

function select(source, placeholder, isMany = false) {
  return (element, block, surface) => {
    const { fields, scope } = surface;
    const initial = isMany ? (element[source.many] ?? []) : source.first(element, surface);
    const start = [fields.start(block, element, initial.map(valueOf)) ?? []].flat();
    const known = source.isRemote ? initial.map((option) => drawnOption(option, scope)) : flat(source.load(element, surface));
    const canClear = !isMany && block.type === "input" && block.optional;
    const nothing = { options: [{ value: "", text: scope.say("nothing") }] };
    const { node, read } = picker({
      attributes: { id: surface.controlId, ...named(element, surface) },
      scope,
      placeholder: element.placeholder ? plain(element.placeholder).textContent : scope.say(placeholder),
      isMany,
      isRemote: source.isRemote,
      most: element.max_selected_items,
      chosen: start.map((value) => known.find((option) => option.value === value) ?? { value, text: value }),
      load: async (query) => {
        const groups = await source.load(element, surface, block, query);
        return canClear && !query ? [nothing, ...groups] : groups;
      },
      picked: (value) => value !== null && changed(node, element, block, surface, value),
    });
    fields.add(block, element, read);
    return node;
  };
}

/** The app's own options, also those of checkboxes and radio buttons. */
export function appOptions(element, { scope }) {
  return grouped(element, scope);
}

function grouped({ options, option_groups: groups }, scope) {
  if (groups)
    return groups.map((group) => ({
      label: plain(group.label).textContent,
      options: group.options.map((option) => drawnOption(option, scope)),
    }));
  return [{ options: (options ?? []).map((option) => drawnOption(option, scope)) }];
}

function drawnOption(option, scope) {
  return {
    value: option.value,
    text: textObjectWords(option.text, scope),
    rich: h("span", {}, textObject(option.text, scope)),
    description: option.description && plain(option.description).textContent,
  };
}

function textObjectWords(text, scope) {
  return h("span", {}, textObject(text, scope)).textContent;
}

/** What the app suggests for what has been typed; a sandbox or an app that cannot be asked has nothing to offer. */
async function asked(element, surface, block, query) {
  if (query.length < (element.min_query_length ?? DEFAULT_MIN_QUERY)) return [];
  const told = await surface.suggest(block, element, query);
  return grouped(told?.ack?.options || told?.ack?.option_groups ? told.ack : (told ?? {}), surface.scope);
}

function peopleOptions(_element, { scope }) {
  return [{ options: scope.humans.map((user) => ({ value: user.id, text: user.shownName, description: user.title })) }];
}

function channelOptions(_element, { scope }) {
  const open = scope.channels.filter((channel) => !channel.is_private);
  return [{ options: open.map((channel) => ({ value: channel.id, text: `#${channel.name}` })) }];
}

function conversationOptions({ filter }, { scope }) {
  const isWanted = (channel) => !filter?.include || filter.include.includes(channel.is_private ? "private" : "public");
  const open = scope.channels.filter(isWanted);
  return [{ options: open.map((channel) => ({ value: channel.id, text: `#${channel.name}` })) }];
}

function firstConversation(element, { scope }) {
  if (element.initial_conversation) return [element.initial_conversation];
  return element.default_to_current_conversation && scope.current ? [scope.current.id] : [];
}

function listed(value) {
  return value === undefined || value === null ? [] : [value];
}

function valueOf(option) {
  return option.value ?? option;
}

function flat(groups) {
  return groups.flatMap((group) => group.options);
}
