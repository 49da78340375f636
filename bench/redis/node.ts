/** A process with one cache in it, opened and asked by the bench; what it loads, the bench may answer. */
import { serve } from '../../test/processes/children/meeting.ts';
import { SIZES, values } from '../disk/values.ts';
import { type Opened, type Opening, peerOf, type Value } from './peer.ts';
import { Speeds } from './speeds.ts';

/** What came of one read, and after how many milliseconds. */
export interface Read {
  readonly ms: number;
  readonly value?: Value;
  /** A read that didn't answer within the time given hangs. */
  readonly failure?: string;
}

const SOURCE = values(SIZES['186 B']);

let cache: Opened | undefined;
let speeds: Speeds | undefined;
let uncaught = 0;
let loads = 0;

// Whatever a cache lets escape would end a process; here it is counted, so that the rest can be seen, too.
process.on('uncaughtException', () => void uncaught++);
process.on('unhandledRejection', () => void uncaught++);

const bench = serve({
  open: async ({ name, ...opening }: { readonly name: string } & Omit<Opening, 'load'>) => {
    const peer = await peerOf(name);
    cache = await peer.open({ ...opening, load: (key) => bench.ask<Value>('load', { key }) });
  },
  read: ({ key, within }: { readonly key: string; readonly within: number }) => read(key, within),
  crowd: ({ key, readers }: { readonly key: string; readonly readers: number }) =>
    Promise.all(Array.from({ length: readers }, () => cache!.get(key))).then((all) => all.length),
  crowdOfKeys: ({ keys, within }: { readonly keys: readonly string[]; readonly within: number }) =>
    Promise.all(keys.map((key) => read(key, within))),
  delete: ({ key, within }: { readonly key: string; readonly within: number }) =>
    said(() => cache!.delete(key), within),
  invalidateTag: ({ tag, within }: { readonly tag: string; readonly within: number }) =>
    cache!.invalidateTag ? said(() => cache!.invalidateTag!(tag), within) : 'unknown',
  /** Fill a server that nothing else uses, and get ready to be timed over it. */
  prepare: async ({ name, port }: { readonly name: string; readonly port: number }) => {
    speeds = await Speeds.over(await peerOf(name), port, SOURCE);
  },
  round: () => speeds!.round(),
  /** Open a cache whose loads are seen here, with one key in it. */
  watch: async ({ name, port }: { readonly name: string; readonly port: number }) => {
    const load = async () => {
      loads++;
      return SOURCE[0];
    };
    cache = await (await peerOf(name)).open({ port, setup: 'documented', load });
    await cache.get('watched');
    return cache.memory;
  },
  /** Read the key until a read isn't answered with what was there; when that read began, if it came in time. */
  seen: async ({ within }: { readonly within: number }) => {
    const before = loads;
    for (const end = now() + within; now() < end; await new Promise((resolve) => setImmediate(resolve))) {
      const begun = now();
      await cache!.get('watched');
      if (loads > before) return begun;
    }
    return undefined;
  },
  /** Say that the key has changed; when that began. */
  say: async () => {
    const begun = now();
    await cache!.delete('watched');
    return begun;
  },
  uncaught: () => uncaught,
  leave: () => {
    setTimeout(() => process.exit(0), 100); // whatever a cache leaves open
  },
});

/** Milliseconds since this machine was started: one clock for all processes. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function read(key: string, within: number): Promise<Read> {
  const begun = now();
  const outcome = await orNothing(
    cache!.get(key).then(
      (value) => ({ value }),
      (error: unknown) => ({ failure: `fails: ${String(error)}` }),
    ),
    within,
  );
  return { ms: now() - begun, ...(outcome ?? { failure: 'hangs' }) };
}

/** What a change answers with when it resolves, or how it doesn't. */
async function said(run: () => Promise<unknown>, within: number): Promise<string> {
  const outcome = await orNothing(
    run().then(
      (answer) => (answer === 'local' ? 'local' : 'done'),
      () => 'failed',
    ),
    within,
  );
  return outcome ?? 'hangs';
}

/** What work comes to, or nothing if that takes longer. */
async function orNothing<T>(work: Promise<T>, within: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, within, undefined)));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
