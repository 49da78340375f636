/** Making, beside the places where they belong, what a restore puts there: files, links and directories. */
import { TidemarkError } from '../engine/errors.ts';
import { Cloning, copyOpen, makeFile, openSource } from './copies.ts';
import type { Digest } from './digest.ts';
import { changeMode, type Disk, isCode, look, type Stats } from './disk.ts';
import { digestNow, type KnownDigests } from './known-digests.ts';
import type { Blobs, PlanStep } from './restore-plan.ts';

/** A step that makes something. */
export type MakingStep = PlanStep & { readonly do: 'makeDirectory' | 'write' | 'link' };

type WriteStep = PlanStep & { readonly do: 'write' };

/** From what and how things are made. */
export interface StagingOptions {
  readonly blobs: Blobs;
  readonly known: KnownDigests;
  readonly mtime: number | undefined;
  readonly disk: Disk;
}

/** Makes things from blobs. Each blob is compared with its digest before it counts, but for those that are known. */
export class Staging {
  readonly #options: StagingOptions;
  readonly #cloning: Cloning;
  readonly #right = new Set<Digest>();

  constructor(options: StagingOptions) {
    this.#options = options;
    this.#cloning = new Cloning(options.disk);
  }

  /** Makes what a step says, at `place`. Throws `bad_bytes` if a blob is missing or damaged. */
  make(step: MakingStep, place: string): void {
    const { disk } = this.#options;
    if (step.do === 'write') this.#write(step, place);
    else if (step.do === 'link') disk.symlinkSync(step.target, place);
    else {
      disk.mkdirSync(place);
      if (step.mode !== null) changeMode(disk, place, step.mode);
    }
  }

  #write(step: WriteStep, place: string): void {
    const path = this.#options.blobs.path(step.digest);
    const isMade = this.#shared(step, path, place) || this.#copied(step, path, place) || this.#unpacked(step, place);
    if (!isMade) throw this.#damaged(step.digest);
  }

  /** Whether `place` has the blob's bytes now without a copy of them. */
  #shared(step: WriteStep, path: string, place: string): boolean {
    const { disk } = this.#options;
    const isLink = step.by === 'hard link';
    const stats = isLink || this.#cloning.works ? look(disk, path) : undefined;
    if (stats === undefined) return false;
    this.#glance(step, stats);
    const isMade = isLink ? linked(disk, path, place) : this.#cloning.clone(path, place, this.#manner(step));
    if (isMade) this.#check(step.digest, path, stats, () => digestNow(disk, path));
    return isMade;
  }

  #copied(step: WriteStep, path: string, place: string): boolean {
    const { disk } = this.#options;
    let from: number;
    try {
      from = openSource(disk, path);
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return false;
      throw isCode(error, 'ELOOP') ? this.#damaged(step.digest, error) : error;
    }
    try {
      const stats = disk.fstatSync(from, { bigint: true });
      this.#glance(step, stats);
      let isMade = false;
      const copy = (want: 'copy' | 'digest') => copyOpen(disk, from, place, this.#manner(step), want);
      this.#check(step.digest, path, stats, () => {
        isMade = true;
        return copy('digest');
      });
      if (!isMade) copy('copy');
    } finally {
      disk.closeSync(from);
    }
    return true;
  }

  #unpacked(step: WriteStep, place: string): boolean {
    const { blobs, disk } = this.#options;
    if (!blobs.unpack) return false;
    let isMade = false;
    makeFile(disk, place, this.#manner(step), (to) => {
      isMade = blobs.unpack?.(step.digest, to) === true; // it has compared the bytes
    });
    return isMade;
  }

  #glance({ digest, size }: WriteStep, stats: Stats): void {
    if (!stats.isFile() || stats.size !== BigInt(size)) throw this.#damaged(digest);
  }

  #check(digest: Digest, path: string, stats: Stats, read: () => Digest | undefined): void {
    if (this.#right.has(digest)) return;
    if (this.#options.known.blob(path, stats, read) !== digest) throw this.#damaged(digest);
    this.#right.add(digest);
  }

  #manner({ size, mode }: WriteStep): { size: number; mode: number; mtime: number | undefined } {
    return { size, mode, mtime: this.#options.mtime };
  }

  #damaged(digest: Digest, cause?: unknown): TidemarkError {
    this.#options.blobs.checkBlob?.(digest);
    return new TidemarkError('bad_bytes', `the blob ${digest} is missing or damaged`, cause);
  }
}

function linked(disk: Disk, from: string, place: string): boolean {
  try {
    disk.linkSync(from, place);
    return true;
  } catch (error) {
    if (isCode(error, 'EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) return false;
    throw error;
  }
}
