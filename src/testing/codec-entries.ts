/** The part of the codec suite about whole entries: the envelope around the value, with this codec inside. */
import { type Codec, decodeEntry, encodeEntry } from '../engine/codec.ts';
import type { Entry } from '../engine/entry.ts';
import { ensureEqual, ensureRefused } from './expectations.ts';
import type { Test } from './runner.ts';

const ENTRY: Omit<Entry, 'value'> = {
  mark: 2 ** 53 - 1,
  incarnation: 'log "1" 🌊',
  dependencies: ['#/s/é~0~1', '=/s/user/9', '?^/s/post'],
  freshUntil: 1_789_000_000_123,
  keptUntil: 1_789_000_000_123.5,
  etag: 'W/"\u00e9"',
  cost: 0.5,
};

const BARE: typeof ENTRY = {
  mark: 0,
  incarnation: '',
  dependencies: [],
  freshUntil: Infinity,
  keptUntil: Infinity,
  etag: undefined,
  cost: undefined,
};

/** The tests about entries. `make` gives a value that the codec takes, if it doesn't take all. */
export function entryTests(codec: Codec, make?: () => unknown): readonly Test[] {
  const full: Entry = { ...ENTRY, value: make ? make() : { id: 7, when: new Date(7) } };
  const bare: Entry = { ...BARE, value: make?.() };
  return [
    {
      name: 'an entry comes back with all that it has',
      run: () => {
        for (const entry of [full, bare, { ...full, freshUntil: 0, keptUntil: Infinity, etag: '', cost: 0 }])
          ensureEqual(decodeEntry(encodeEntry(entry, codec), codec), entry, 'the entry');
      },
    },
    {
      name: 'an entry whose value is refused is refused',
      run: () => ensureRefused('bad_value', () => encodeEntry({ ...full, value: () => 1 }, codec), 'the entry'),
    },
    {
      name: 'an entry cut short anywhere gives bad_bytes',
      run: async () => {
        const bytes = encodeEntry(full, codec);
        for (let end = 0; end < bytes.length; end++)
          await ensureRefused('bad_bytes', () => decodeEntry(bytes.slice(0, end), codec), `cut after ${end} bytes`);
      },
    },
    {
      name: 'an entry of another format gives bad_bytes',
      run: async () => {
        const bytes = encodeEntry(full, codec);
        for (const format of [0, 1, 123, 255]) {
          bytes[0] = format;
          await ensureRefused('bad_bytes', () => decodeEntry(bytes, codec), `format ${format}`);
        }
      },
    },
  ];
}
