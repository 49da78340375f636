/** Where inputs were found in earlier runs, by the key of everything but inputs: what a lookup has to look at. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { pathRefusal } from './checked-path.ts';
import { canonicalJson, type Digest, isDigest } from './digest.ts';
import type { InputSpec } from './input-spec.ts';
import { opened, seal } from './sealed.ts';
import { type Check, is, isListOf, isOneOf, shape } from './shape.ts';
import { bytesOf, type StoreFiles } from './store-files.ts';

/** Specs kept for one weak key. Each is collected at a lookup until one leads to a record, so there can't be many. */
const KEPT = 16;

/** What stays within the workspace: another glob would be refused when it is used, and its lookup with it. */
const isGlob: Check = (value) =>
  typeof value === 'string' && /^(?:!|(?!!))(?!\/|[A-Za-z]:|(?:.*\/)?\.\.(?:\/|$))[^\0]+$/s.test(value);
const globs = isListOf(isGlob);
/** The workspace itself is `.`, as nowhere else. */
const paths = isListOf((value) => typeof value === 'string' && (value === '.' || pathRefusal(value) === undefined));
const isSpec = isOneOf([
  shape({ kind: is('globs'), globs, exclude: globs }),
  shape({ kind: is('everything'), exclude: globs, own: paths }),
  shape({ kind: is('observed'), exclude: globs, own: paths, paths, listed: paths }),
]);
const isFile = shape({ weak: isDigest, specs: isListOf(isSpec) });

/** The specs in a text that was made for this weak key, or nothing if it isn't exactly what was written. */
export function specsIn(weak: Digest, text: Buffer): readonly InputSpec[] | undefined {
  const value = opened('specs', text);
  if (!isFile(value)) return undefined;
  const file = value as { readonly weak: Digest; readonly specs: readonly InputSpec[] };
  return file.weak === weak ? file.specs.slice(0, KEPT) : undefined;
}

/** The specs of a store. Two processes that add at once may lose one of them, which costs a miss and nothing else. */
export class Specs {
  readonly #files: StoreFiles;

  constructor(files: StoreFiles) {
    this.#files = files;
  }

  /** The latest first. A damaged file is put aside, and counts as none. */
  of(weak: Digest): readonly InputSpec[] {
    const path = this.#files.specs(weak);
    const text = bytesOf(path);
    if (text === undefined) return [];
    const specs = specsIn(weak, text);
    if (specs === undefined) this.#files.quarantine(path);
    else this.#files.touch(path);
    return specs ?? [];
  }

  add(weak: Digest, spec: InputSpec): void {
    this.#files.mayWrite();
    if (!isSpec(spec))
      throw new TidemarkError('bad_bytes', `no way to find inputs that can be kept: ${describe(spec)}`);
    const before = this.of(weak);
    this.#write(weak, before, [spec, ...before]);
  }

  text(weak: Digest): string | undefined {
    const specs = this.of(weak);
    return specs.length > 0 ? textFor(weak, specs) : undefined;
  }

  /** What came from elsewhere is tried after what was found here. */
  receive(weak: Digest, text: string): boolean {
    this.#files.mayWrite();
    const received = specsIn(weak, Buffer.from(text));
    if (received === undefined) return false;
    const before = this.of(weak);
    this.#write(weak, before, [...before, ...received]);
    return true;
  }

  #write(weak: Digest, before: readonly InputSpec[], specs: readonly InputSpec[]): void {
    // A map keeps a name where it came first.
    const kept = [...new Map(specs.map((spec) => [canonicalJson(spec), spec])).values()].slice(0, KEPT);
    const text = textFor(weak, kept);
    if (text !== textFor(weak, before)) this.#files.place(this.#files.specs(weak), text, 'over');
  }
}

function textFor(weak: Digest, specs: readonly InputSpec[]): string {
  return seal('specs', { weak, specs });
}
