/** Dictionaries of structured fields (RFC 9651 §4.2.2), read strictly: one wrong character and the field says nothing. */

/** A bare item. Tokens, binaries and inner lists are told apart from strings, and hold nothing that is asked for here. */
export type BareItem = number | string | boolean | { readonly kind: 'token' | 'binary' | 'date' | 'list' };

const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const NUMBER = /-?[0-9]+(?:\.[0-9]{1,3})?/y;
const STRING = /"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const DISPLAY_STRING = /%"(?:[\x20-\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"/y;
const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const BINARY = /:[A-Za-z0-9+/=]*:/y;
const BOOLEAN = /\?[01]/y;
const DATE = /@-?[0-9]{1,15}/y;

/** What each key says, parameters left out; of two with one name the last counts. `undefined` if the text isn't a dictionary. */
export function parseDictionary(text: string): ReadonlyMap<string, BareItem> | undefined {
  const read = new Reader(text);
  const members = new Map<string, BareItem>();
  read.skip(/ */y);
  while (!read.ended) {
    const key = read.take(KEY);
    if (key === undefined) return undefined;
    const value = read.skip(/=/y) ? read.member() : true;
    if (value === undefined || !read.parameters()) return undefined;
    members.delete(key);
    members.set(key, value);
    read.skip(/[ \t]*/y);
    if (read.ended) return members;
    if (!read.skip(/,[ \t]*/y) || read.ended) return undefined;
  }
  return members;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.replace(/ +$/, '');
  }

  get ended(): boolean {
    return this.#at === this.#text.length;
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) return undefined;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  skip(pattern: RegExp): boolean {
    return this.take(pattern) !== undefined;
  }

  member(): BareItem | undefined {
    if (!this.skip(/\(/y)) return this.#item();
    for (;;) {
      this.skip(/ */y);
      if (this.skip(/\)/y)) return { kind: 'list' };
      if (this.#item() === undefined || !this.parameters()) return undefined;
      if (!/^[ )]/.test(this.#text.slice(this.#at, this.#at + 1))) return undefined;
    }
  }

  parameters(): boolean {
    while (this.skip(/; */y)) {
      if (!this.skip(KEY)) return false;
      if (this.skip(/=/y) && this.#item() === undefined) return false;
    }
    return true;
  }

  #item(): BareItem | undefined {
    const number = this.take(NUMBER);
    if (number !== undefined) return this.#number(number);
    const string = this.take(STRING);
    if (string !== undefined) return string.slice(1, -1).replaceAll(/\\(.)/g, '$1');
    const boolean = this.take(BOOLEAN);
    if (boolean !== undefined) return boolean === '?1';
    if (this.skip(DISPLAY_STRING) || this.skip(TOKEN)) return { kind: 'token' };
    if (this.skip(BINARY)) return { kind: 'binary' };
    return this.skip(DATE) ? { kind: 'date' } : undefined;
  }

  #number(text: string): number | undefined {
    const [whole, fraction] = text.replace('-', '').split('.');
    return whole.length <= (fraction === undefined ? 15 : 12) ? Number(text) : undefined;
  }
}
