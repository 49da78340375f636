/** The engine under test as one object, so that a copy of it with a guard removed can take its place. */
import type * as main from '../../src/index.ts';
import type * as shared from '../../src/testing/shared-backend.ts';

/** What the model needs of the package. */
export interface Engine {
  readonly createCache: typeof main.createCache;
  readonly memory: typeof main.memory;
  readonly localLog: typeof import('../../src/logs/local.ts').localLog;
  readonly SharedSpace: typeof shared.SharedSpace;
  readonly sharedBackend: typeof shared.sharedBackend;
}

/** Load the engine from a source tree: `src` itself, or a changed copy. */
export async function engineFrom(src: string): Promise<Engine> {
  const [{ createCache, memory }, { localLog }, { SharedSpace, sharedBackend }] = await Promise.all([
    import(/* @vite-ignore */ `${src}/index.ts`) as Promise<typeof main>,
    import(/* @vite-ignore */ `${src}/logs/local.ts`) as Promise<Pick<Engine, 'localLog'>>,
    import(/* @vite-ignore */ `${src}/testing/shared-backend.ts`) as Promise<typeof shared>,
  ]);
  return { createCache, memory, localLog, SharedSpace, sharedBackend };
}
