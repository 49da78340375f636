/** The engine under test as one object, so that a copy of it with a guard removed can take its place. */
import type * as main from '../../src/index.ts';
import type { Disk, diskStore } from '../../src/testing/disk-store.ts';
import type { sharedBackend } from '../../src/testing/shared-backend.ts';
import type { SharedSpace } from '../../src/testing/shared-space.ts';

/** What the model needs of the package. */
export interface Engine {
  readonly createCache: typeof main.createCache;
  readonly memory: typeof main.memory;
  readonly localLog: typeof import('../../src/logs/local.ts').localLog;
  readonly SharedSpace: typeof SharedSpace;
  readonly sharedBackend: typeof sharedBackend;
  readonly Disk: typeof Disk;
  readonly diskStore: typeof diskStore;
}

/** Load the engine from a source tree: `src` itself, or a changed copy. */
export async function engineFrom(src: string): Promise<Engine> {
  const from = <T>(file: string) => import(/* @vite-ignore */ `${src}/${file}`) as Promise<T>;
  const [{ createCache, memory }, { localLog }, { SharedSpace }, { sharedBackend }, { Disk, diskStore }] =
    await Promise.all([
      from<Engine>('index.ts'),
      from<Engine>('logs/local.ts'),
      from<Engine>('testing/shared-space.ts'),
      from<Engine>('testing/shared-backend.ts'),
      from<Engine>('testing/disk-store.ts'),
    ]);
  return { createCache, memory, localLog, SharedSpace, sharedBackend, Disk, diskStore };
}
