/** Rules as data: which event drops what. Placeholders are filled with what the event brings, each as a literal part. */
import { TidemarkError } from '../engine/errors.ts';
import type { Selector } from '../engine/invalidate.ts';
import { describe, type Segment } from '../engine/key.ts';
import { checkOptions, list, nonEmptyText, trueOrFalse } from '../engine/options.ts';
import { type Lookup, parseTemplate, type Part, type Template } from './rule-template.ts';

/**
 * What a rule drops. `{name}` stands for what the event brings under that name. One text is parted by colons
 * (`'content:list'`), an array is segments; a backslash takes the next character literally.
 */
export interface Drop {
  /** One key. */
  readonly key?: string | readonly Segment[];
  /** Everything at or below a path: `'api'`, `['content', 'list']`. */
  readonly prefix?: string | readonly Segment[];
  /** Every key that matches: `*` stands for one segment, `**` for any number. There is no star or `?` within a segment. */
  readonly pattern?: string | readonly Segment[];
  readonly tags?: readonly string[];
  readonly all?: true;
}

/** What an event drops. Several rules for one event are one change. */
export interface Rule {
  /** What it is called in the log. Default the event. */
  readonly name?: string;
  /** The event: `'content.publish'`. */
  readonly on: string;
  readonly drop: readonly Drop[];
}

/** What an event brings: texts or numbers, one of them perhaps a list, for which each rule is filled once per item. */
export type Payload = Readonly<Record<string, unknown>>;

/** A rule that has been checked. */
export interface CheckedRule {
  readonly name: string;
  readonly on: string;
  /** The names that its placeholders ask for. */
  readonly asks: readonly string[];
  readonly templates: readonly Template[];
  readonly all: boolean;
}

/** Check rules. Throws `bad_option` naming the place, such as `rules[2].drop[0].pattern`. */
export function checkRules(rules: readonly Rule[], what = 'rules'): readonly CheckedRule[] {
  list(what, rules);
  return rules.map((rule, i) => {
    const place = `${what}[${i}]`;
    checkOptions(place, rule, ['name', 'on', 'drop']);
    const on = nonEmptyText(`${place}.on`, rule.on);
    const name = rule.name === undefined ? on : nonEmptyText(`${place}.name`, rule.name);
    list(`${place}.drop`, rule.drop);
    const templates = rule.drop.flatMap((drop, at) => templatesOf(`${place}.drop[${at}]`, drop));
    const asks = [...new Set(templates.flatMap((template) => template.asks))];
    return { name, on, asks, templates, all: rule.drop.some(({ all }) => all === true) };
  });
}

function templatesOf(place: string, drop: Drop): readonly Template[] {
  checkOptions(place, drop, ['key', 'prefix', 'pattern', 'tags', 'all']);
  if (drop.all !== undefined && !trueOrFalse(`${place}.all`, drop.all))
    throw new TidemarkError('bad_option', `${place}.all must be true, not ${describe(drop.all)}`);
  const templates: Template[] = [];
  for (const kind of ['key', 'prefix', 'pattern'] as const)
    if (drop[kind] !== undefined) templates.push(parseTemplate(`${place}.${kind}`, kind, drop[kind]));
  if (drop.tags !== undefined) list(`${place}.tags`, drop.tags);
  drop.tags?.forEach((tag, i) => templates.push(parseTemplate(`${place}.tags[${i}]`, 'tag', tag)));
  if (templates.length === 0 && drop.all !== true && drop.tags === undefined)
    throw new TidemarkError('bad_option', `${place} needs one of key, prefix, pattern, tags, all`);
  return templates;
}

/** The names that an event must bring for a rule, each with its values. Throws `bad_option` for one that is missing. */
export function valuesFor(rules: readonly CheckedRule[], event: string, payload: Payload): Lookup {
  const values = new Map<string, readonly string[]>();
  let lists = 0;
  for (const rule of rules)
    for (const name of rule.asks) {
      if (values.has(name)) continue;
      const given = Object.hasOwn(payload, name) ? payload[name] : undefined;
      if (Array.isArray(given)) lists++;
      const texts = (Array.isArray(given) ? given : [given]).map((value) => textOf(event, rule, name, value));
      values.set(name, [...new Set(texts)]);
    }
  if (lists > 1)
    throw new TidemarkError('bad_option', `the event '${event}' brings more than one list that its rules ask for`);
  return (name) => values.get(name);
}

function textOf(event: string, rule: CheckedRule, name: string, value: unknown): string {
  const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
  if (typeof text === 'string' && text !== '') return text;
  if (typeof value === 'bigint') return String(value);
  throw new TidemarkError(
    'bad_option',
    `the event '${event}' must bring '${name}' for its rule '${rule.name}', non-empty text or a number, not ${describe(value)}`,
  );
}

/** One selector from all that has been filled; `undefined` if that is nothing. */
export function selectorOf(parts: Iterable<Part>): Selector | undefined {
  const keys: (readonly string[])[] = [];
  const prefixes: (readonly string[])[] = [];
  const patterns: (readonly string[])[] = [];
  const tags: string[] = [];
  for (const part of parts) {
    if (part.kind === 'all') return { all: true };
    if (part.kind === 'tag') tags.push(part.tag);
    else ({ key: keys, prefix: prefixes, pattern: patterns })[part.kind].push(part.path);
  }
  const selector = {
    ...(keys.length > 0 && { keys }),
    ...(prefixes.length > 0 && { prefixes }),
    ...(patterns.length > 0 && { patterns }),
    ...(tags.length > 0 && { tags }),
  };
  return Object.keys(selector).length > 0 ? selector : undefined;
}

/** All that some rules drop, filled. What a lookup doesn't know makes a rule drop more, never less. */
export function filled(rules: readonly CheckedRule[], values: Lookup): Part[] {
  return rules.flatMap(({ templates, all }) => [
    ...(all ? [{ kind: 'all' } as const] : []),
    ...templates.flatMap((template) => template.fill(values)),
  ]);
}
