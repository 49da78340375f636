/** What every story of the demo plays on: the catalogue, the database with it, a place to share, and who asks the database. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Site, siteOf } from './addresses.ts';
import { type Catalogue, readCatalogue } from './catalogue.ts';
import { Database } from './database.ts';
import { Gate } from './gate.ts';
import { bytesText } from './pages.ts';
import { createSourceService } from './remote.ts';
import { type Order, type Place, Replica } from './replica.ts';
import { listen } from './server.ts';
import { chooseSubject, type Subject } from './subject.ts';
import type { Terminal } from './terminal.ts';
import { Trouble } from './trouble.ts';

/** What has to be let go of at the end, the last first. */
export type Open = (() => unknown)[];

/** Where a stage is set up. */
export interface Setting {
  readonly terminal: Terminal;
  readonly open: Open;
  readonly signal: AbortSignal;
  /** The `node_modules` to show. Default: the one above this file. */
  readonly folder?: string | undefined;
}

/** A stage. */
export interface Stage<P extends Place = Place> extends Setting {
  readonly site: Site;
  readonly subject: Subject;
  readonly database: Database;
  /** The way of all loads to the database. */
  readonly gate: Gate;
  /** What processes share. */
  readonly place: P;
  /** What another process needs: the place, the way to the gate, the token of writes. */
  readonly order: Order;
  /** Start another process. It is killed at the end if it is still there. */
  readonly start: () => Promise<Replica>;
}

/** Read the catalogue, start the database, fill it, and offer it to other processes, who share the place that is chosen. */
export async function setUp<P extends Place>(setting: Setting, choose: (setting: Setting) => P): Promise<Stage<P>> {
  const { terminal, open, signal, folder = nodeModules() } = setting;
  terminal.heading('1 · The catalogue');
  terminal.working('reading every manifest');
  const catalogue = await readCatalogue(folder);
  terminal.tick(contents(catalogue));
  const site = siteOf(catalogue);
  const subject = chooseSubject(catalogue);
  signal.throwIfAborted();

  terminal.working('starting PGlite, a whole Postgres in this process: some seconds');
  const began = performance.now();
  const database = await Database.open();
  open.push(() => database.close());
  await database.fill(catalogue);
  terminal.tick(`PGlite started and filled in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  signal.throwIfAborted();

  const place = choose(setting);

  const gate = new Gate(database);
  const token = randomBytes(16).toString('hex');
  const server = await listen(0);
  open.push(() => server.close());
  server.serve(createSourceService(gate, token));
  const order = { place, url: server.url, token };
  const start = async (): Promise<Replica> => {
    const replica = await Replica.start(order, signal);
    open.push(() => replica.kill());
    return replica;
  };
  return { ...setting, place, site, subject, database, gate, order, start };
}

/** Let go of everything, also if letting go of something fails; then throws the first failure. */
export async function closeAll(open: Open): Promise<void> {
  const failures: unknown[] = [];
  for (const close of open.toReversed()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** An LMDB file to share, which is removed at the end. */
export function emptyFile({ open, terminal }: Setting): { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-demo-'));
  open.push(() => rmSync(path, { recursive: true, force: true }));
  terminal.tick(`an LMDB file in ${path}, until the end`);
  return { path };
}

function contents({ packages, skipped }: Catalogue): string {
  const sum = (of: (one: Catalogue['packages'][number]) => number) => packages.reduce((all, one) => all + of(one), 0);
  const files = sum((one) => one.files).toLocaleString('en');
  const edges = sum((one) => one.dependencies.length).toLocaleString('en');
  const left =
    skipped.length > 0 ? `; ${skipped.length} skipped, the first: ${skipped[0]?.path}: ${skipped[0]?.why}` : '';
  return `${packages.length} packages, ${edges} dependencies, ${files} files, ${bytesText(sum((one) => one.bytes))}${left}`;
}

/** The nearest `node_modules` above this file, which may be the source or what was built of it. */
function nodeModules(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  for (; !existsSync(join(at, 'node_modules')); at = dirname(at))
    if (at === dirname(at)) throw new Trouble('There is no node_modules here: run npm ci first.');
  return join(at, 'node_modules');
}
