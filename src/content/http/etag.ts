/** Entity tags (RFC 9110 §8.8.3): made of the data's mark and the representation, so that none is computed from a body. */
import { TidemarkError } from '../../engine/errors.ts';

/** What a response shows of its data. */
export interface Representation {
  /** The mark, version or revision of the data: it changes whenever the data does. */
  readonly mark: number | bigint | string;
  /** Which fields are shown, in any order; all of them if it isn't said. */
  readonly fields?: readonly string[];
  /** In which language. */
  readonly locale?: string;
  /** The content coding of the body, such as `gzip`. */
  readonly encoding?: string;
  /** `weak` if two bodies of this tag may differ in bytes, though not in meaning. Default `strong`. */
  readonly strength?: 'strong' | 'weak';
}

/** A tag as it is compared. */
export interface EntityTag {
  readonly opaque: string;
  readonly weak: boolean;
}

/**
 * The ETag of a representation. Two that differ in anything never have the same tag, and the body isn't needed to make it:
 * a 304 costs neither a read of the data nor its serialisation. Throws `bad_value` for text that isn't Unicode.
 *
 * @example entityTag({ mark: 42, fields: ['title', 'body'], locale: 'de' }) // '"42:f=body+title:l=de"'
 */
export function entityTag({ mark, fields, locale, encoding, strength }: Representation): string {
  const parts = [escaped(String(mark))];
  if (fields) parts.push(`f=${[...new Set(fields)].toSorted().map(escaped).join('+')}`);
  if (locale !== undefined) parts.push(`l=${escaped(locale)}`);
  if (encoding !== undefined) parts.push(`e=${escaped(encoding)}`);
  return `${strength === 'weak' ? 'W/' : ''}"${parts.join(':')}"`;
}

/** Reads one tag; `undefined` for what isn't one. */
export function parseEntityTag(value: string | null | undefined): EntityTag | undefined {
  const match = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/.exec((value ?? '').trim());
  return match ? { opaque: match[2], weak: match[1] !== undefined } : undefined;
}

/** Reads a list of tags, or `*`. What isn't a tag is left out. */
export function parseEntityTags(value: string): '*' | readonly EntityTag[] {
  if (value.trim() === '*') return '*';
  // A backslash in a tag escapes nothing, so this isn't a list like others.
  return (value.match(/(?:W\/)?"[^"]*"/g) ?? []).flatMap((member) => parseEntityTag(member) ?? []);
}

/** Whether two tags are of equivalent representations. */
export function weakMatch(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}

/** Whether two tags are of representations that are the same byte for byte. */
export function strongMatch(a: EntityTag, b: EntityTag): boolean {
  return !a.weak && !b.weak && a.opaque === b.opaque;
}

function escaped(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch (error) {
    throw new TidemarkError('bad_value', 'an entity tag must be made of text that is Unicode', error);
  }
}
