// What can follow what has been typed: a slash command at the start, a person or group after @, a channel after #, an
// emoji after a colon and two letters.

import { emojiNamed } from "./emoji.js";

const AT_MOST = 8;

/**
 * The choices for the word before the caret, as `{from, text, label, note}`, where `text` replaces what stands
 * between `from` and the caret.
 */
export function suggest(text, caret, scope) {
  const before = text.slice(0, caret);
  if (/^\/[^\s]*$/.test(before)) return commands(before, scope);
  const emoji = /(?:^|\s):([a-z0-9_+-]{2,})$/.exec(before);
  if (emoji) return emojis(emoji[1], caret - emoji[1].length - 1);
  const word = /(?:^|\s)([@#])([\p{L}\d._-]*)$/u.exec(before);
  if (!word) return [];
  const from = caret - word[2].length - 1;
  const choices =
    word[1] === "@"
      ? mentions(scope)
      : scope.channels.map((channel) => ({ text: `#${channel.name}`, label: `#${channel.name}` }));
  return choices
    .filter(({ text: whole, label }) => [whole.slice(1), ...label.split(" ")].some((part) => fits(part, word[2])))
    .slice(0, AT_MOST)
    .map((choice) => ({ ...choice, from }));
}

/** How to go on after a command's name, once it is complete. */
export function usageOf(text, scope) {
  const name = /^(\/\S+)\s/.exec(text)?.[1];
  const command = scope.world.commands.find((row) => row.command === name);
  return command?.usage_hint ? `${command.command} ${command.usage_hint}` : "";
}

function commands(typed, scope) {
  const rows = scope.world.commands.filter((row) => row.command.startsWith(typed));
  return rows.map((row) => ({
    from: 0,
    text: row.command,
    label: row.command,
    hint: row.usage_hint,
    note: row.description,
  }));
}

function emojis(typed, from) {
  const rows = emojiNamed(typed).slice(0, AT_MOST);
  return rows.map(([name, character]) => ({ from, text: `:${name}:`, label: character, note: `:${name}:` }));
}

function mentions(scope) {
  const people = scope.humans.map((user) => ({ text: `@${user.name}`, label: user.shownName, note: user.title }));
  const groups = scope.world.usergroups.map((group) => ({
    text: `@${group.handle}`,
    label: `@${group.handle}`,
    note: scope.say("members", { count: group.users.length }),
  }));
  return [...people, { text: `@${scope.bot.name}`, label: scope.bot.shownName, note: scope.say("app") }, ...groups];
}

function fits(whole, typed) {
  return whole.toLowerCase().startsWith(typed.toLowerCase());
}
