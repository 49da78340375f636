/** Values like the entities of a program, of two sizes; no two alike, and in no order that a disk could be lucky with. */

/** How large values are, by the length of their JSON. */
export const SIZES = { '186 B': entity, '3.7 kB': document } as const;

const POOL = 512;

/** A source of numbers from 0 up to `below`, the same in every run. */
export function numbers(seed = 1): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Values to take in turn. */
export function values(make: (at: (below: number) => number) => object): readonly object[] {
  const at = numbers(7);
  return Array.from({ length: POOL }, () => make(at));
}

function word(at: (below: number) => number): string {
  const syllable = () => 'bdfgklmnprstvz'[at(14)] + 'aeiou'[at(5)];
  return Array.from({ length: 1 + at(4) }, syllable).join('');
}

function text(at: (below: number) => number, length: number): string {
  let words = word(at);
  while (words.length < length) words += ' ' + word(at);
  return words.slice(0, length);
}

function entity(at: (below: number) => number): object {
  return {
    id: 1_000_000 + at(9_000_000),
    type: 'customer',
    name: text(at, 18),
    email: `${text(at, 12).replaceAll(' ', '.')}@example.org`,
    active: at(2) === 1,
    score: 100 + at(900),
    tags: [text(at, 6), text(at, 6)],
    updatedAt: 1_700_000_000_000 + at(1e9),
  };
}

function document(at: (below: number) => number): object {
  return {
    ...entity(at),
    body: text(at, 2400),
    comments: Array.from({ length: 8 }, () => ({
      by: 1_000_000 + at(9_000_000),
      at: 1_700_000_000_000 + at(1e9),
      text: text(at, 72),
    })),
  };
}
