/** The catalogue of a document's keyframes: one record, since a key/value store can't be asked what it has. */

/** By stream, the revisions that there are keyframes of, ascending, and the bytes of each. */
export type Catalogue = Readonly<Record<string, readonly (readonly [revision: number, bytes: number])[]>>;

/** What a stream is called in a catalogue. */
export function streamKey({ scope, branch }: { readonly scope: string; readonly branch: string }): string {
  return JSON.stringify([scope, branch]);
}

/** A catalogue as bytes. */
export function bytesOfCatalogue(catalogue: Catalogue): Uint8Array {
  const kept = Object.entries(catalogue).filter(([, keyframes]) => keyframes.length > 0);
  return new TextEncoder().encode(JSON.stringify(Object.fromEntries(kept)));
}

/** The inverse; what can't be read is an empty one: it costs replays, and the next keyframe begins another. */
export function catalogueOf(bytes: Uint8Array | undefined): Catalogue {
  if (!bytes) return {};
  try {
    const catalogue = JSON.parse(new TextDecoder().decode(bytes)) as unknown;
    return isCatalogue(catalogue) ? catalogue : {};
  } catch {
    return {};
  }
}

function isCatalogue(value: unknown): value is Catalogue {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(
      ([stream, keyframes]) =>
        isStreamKey(JSON.parse(stream)) &&
        Array.isArray(keyframes) &&
        keyframes.every((one) => Array.isArray(one) && one.length === 2 && one.every(isCount)),
    )
  );
}

function isStreamKey(names: unknown): boolean {
  return Array.isArray(names) && names.length === 2 && names.every((name) => typeof name === 'string');
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
