/** Programs in the runtime of Workers: doors of the package bundled into one module, and isolates that share KV and D1. */
import { join } from 'node:path';
import { Miniflare } from 'miniflare';
import { rolldown } from 'rolldown';
import { d1Over, DATABASE_WORKER } from './d1.ts';
import { root } from './repository.ts';

/** One module, `./tidemark.js` to a program, with all that some source files of the package export. */
export async function bundled(...sources: readonly string[]): Promise<string> {
  const build = await rolldown({
    input: sources.length === 1 ? join(root, sources[0]) : 'doors',
    cwd: root,
    platform: 'neutral',
    logLevel: 'silent',
    external: ['cloudflare:workers'],
    resolve: { conditionNames: ['@tidemark/source', 'import'] },
    plugins: [
      {
        name: 'doors',
        resolveId: (id) => (id === 'doors' ? id : null),
        load: (id) => (id === 'doors' ? sources.map((one) => everythingOf(join(root, one))).join('\n') : null),
      },
    ],
  });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  return output[0].code;
}

function everythingOf(path: string): string {
  return `export * from ${JSON.stringify(path)};`;
}

/** A Worker, as far as tests use it. */
interface Worker {
  fetch(url: string, init?: RequestInit): Promise<Response>;
  scheduled(): Promise<unknown>;
}

/**
 * Isolates that run the same program, each with the binding `CACHE` of one KV namespace and `DB` of one D1 database. `code` is
 * what the program imports as `./tidemark.js`.
 */
export async function isolates<Name extends string>(
  names: readonly Name[],
  program: string,
  code: string = '',
  variables: Readonly<Record<string, string>> = {},
) {
  const miniflare = new Miniflare({
    workers: [
      ...names.map((name) => ({
        name,
        modules: [
          { type: 'ESModule' as const, path: join(root, 'main.js'), contents: program },
          { type: 'ESModule' as const, path: join(root, 'tidemark.js'), contents: code },
        ],
        modulesRoot: root,
        compatibilityDate: '2026-01-01',
        bindings: { ISOLATE: name, ...variables },
        kvNamespaces: { CACHE: 'cache' },
        d1Databases: { DB: 'db' },
      })),
      { name: 'database', modules: true, script: DATABASE_WORKER, d1Databases: { DB: 'db' } },
    ],
  });
  const workers = new Map<Name, Worker>();
  for (const name of names) workers.set(name, (await miniflare.getWorker(name)) as unknown as Worker);
  const door = (await miniflare.getWorker('database')) as unknown as Worker;
  return {
    /** The database that they share, for whoever comes from outside. */
    database: d1Over((url, init) => door.fetch(url, init)),
    /** An isolate itself. */
    worker: (name: Name): Worker => workers.get(name)!,
    /** What an isolate answers. Throws for anything but a success. */
    async ask<T = unknown>(name: Name, path: string): Promise<T> {
      const response = await workers.get(name)!.fetch(`http://${name}/${path}`);
      const text = await response.text();
      if (!response.ok) throw new Error(`${name}/${path} answered ${response.status}: ${text}`);
      return JSON.parse(text) as T;
    },
    dispose: () => miniflare.dispose(),
  };
}
