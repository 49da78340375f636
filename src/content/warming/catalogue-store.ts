/** Where a catalogue is kept between processes, and the form in which it is. */
import type { Cache } from '../../engine/cache.ts';
import { type HeatByCall } from './heat.ts';

/** A place for one value of plain data. Two that write at once may lose what one of them wrote: that is only heat. */
export interface CatalogueStore {
  /** What was written last; anything else counts as nothing. */
  read(): Promise<unknown>;
  write(kept: unknown): Promise<void>;
}

/** The cache itself as the place: in the collection `name`, in all its tiers. */
export function catalogueStoreIn(cache: Pick<Cache, 'define'>, name: string): CatalogueStore {
  const collection = cache.define<unknown>(name);
  return {
    read: () => collection.get('heat', { load: false }),
    write: async (kept) => {
      await collection.set('heat', kept);
    },
  };
}

/** A reading that is kept: a call (`findById post`), the text of what it is called with, and its heat. */
export type KeptReading = readonly [call: string, text: string, heat: number];

/** What is kept: how hot readings were at a moment, the hottest first. */
interface Kept {
  readonly format: 1;
  readonly at: number;
  readonly readings: readonly KeptReading[];
}

const COLDEST = 0.01; // reads
const MOST_TEXT = 256 * 1024; // characters

/** Heat in the form that is kept: the hottest, as many as there is room for. */
export function keptOf(heat: HeatByCall, at: number): Kept {
  let room = MOST_TEXT;
  const readings = [...heat]
    .flatMap(([call, texts]) => [...texts].map(([text, one]) => [call, text, one] as const))
    .filter(([, , one]) => one >= COLDEST)
    .toSorted(([, , a], [, , b]) => b - a)
    .filter(([call, text]) => (room -= call.length + text.length) >= 0);
  return { format: 1, at, readings };
}

/** The inverse of {@link keptOf}; `undefined` for what isn't of this form. */
export function heatOf(value: unknown): { readonly at: number; readonly heat: HeatByCall } | undefined {
  const kept = value as Partial<Kept> | null | undefined;
  if (typeof kept !== 'object' || kept?.format !== 1 || !Number.isFinite(kept.at)) return undefined;
  if (!Array.isArray(kept.readings)) return undefined;
  const heat = new Map<string, Map<string, number>>();
  for (const row of kept.readings as readonly unknown[]) {
    if (!Array.isArray(row)) return undefined;
    const [call, text, one] = row as readonly unknown[];
    if (typeof call !== 'string' || typeof text !== 'string') return undefined;
    if (typeof one !== 'number' || !(one >= 0 && one < Infinity)) return undefined;
    let texts = heat.get(call);
    if (!texts) heat.set(call, (texts = new Map<string, number>()));
    texts.set(text, one);
  }
  return { at: kept.at!, heat };
}
