/** What goes wrong between processes and Redis, each as a small scenario with a cell of the table as its outcome. */
import type { Cut, Link } from './link.ts';
import type { Read } from './node.ts';
import { passing, type Player, type PlayerOptions, type Stage, TAG, WITHIN } from './stage.ts';

/** One row of the table, or several that are seen in one go. */
export interface Scenario {
  readonly rows: readonly string[];
  readonly play: (stage: Stage) => Promise<readonly string[]>;
}

const NO_BUS = 'no bus';
const NO_TAGS = 'no tags';
const ENDS = '**ends the process**';

/** All of them, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  { rows: ['1,000 concurrent reads of a cold key in one process: loads'], play: crowdOfOne },
  { rows: ['4 processes with 250 concurrent reads each of a cold key: loads'], play: crowdOfFour },
  outage('killed', 'documented'),
  outage('killed', 'hardened'),
  outage('stalled', 'documented'),
  outage('stalled', 'hardened'),
  { rows: ['a delete reaches the other process'], play: (stage) => live(stage, {}) },
  { rows: ['a tag reaches the other process'], play: (stage) => live(stage, { tag: TAG }) },
  { rows: ['A deletes while its link is cut; the link heals'], play: (stage) => saidInVain(stage, {}) },
  {
    rows: ['A invalidates a tag while its link is cut; the link heals'],
    play: (stage) => saidInVain(stage, { tag: TAG }),
  },
  {
    rows: ['A deletes while its link is cut, hardened; the link heals'],
    play: (stage) => saidInVain(stage, { setup: 'hardened' }),
  },
  { rows: ["B's bus is cut while A deletes; it heals"], play: (stage) => missed(stage, 'bus', {}) },
  {
    rows: ["B's bus is cut while A deletes, hardened; it heals"],
    play: (stage) => missed(stage, 'bus', { setup: 'hardened' }),
  },
  { rows: ["B's bus is cut while A invalidates a tag; it heals"], play: (stage) => missed(stage, 'bus', { tag: TAG }) },
  { rows: ["all of B's link is cut while A deletes; it heals"], play: (stage) => missed(stage, 'all', {}) },
  { rows: ['B loads slowly while A deletes and loads'], play: race },
  { rows: ['FLUSHALL: memory follows'], play: flush },
];

async function crowdOfOne(stage: Stage): Promise<readonly string[]> {
  const a = await stage.enter('A');
  a.held = passing(300);
  await a.actor.ask('crowd', { key: 'cold', readers: 1000 });
  return [loadsOf(stage)];
}

async function crowdOfFour(stage: Stage): Promise<readonly string[]> {
  const all = await Promise.all(['A', 'B', 'C', 'D'].map((name) => stage.enter(name)));
  for (const player of all) player.held = passing(500);
  await Promise.all(all.map(({ actor }) => actor.ask('crowd', { key: 'cold', readers: 250 })));
  return [loadsOf(stage)];
}

function loadsOf(stage: Stage): string {
  const loads = stage.loads.get('cold') ?? 0;
  return loads === 1 ? 'ok: 1' : `**${loads}**`;
}

function outage(how: 'killed' | 'stalled', setup: 'documented' | 'hardened'): Scenario {
  const told = setup === 'hardened' ? ', hardened' : '';
  return {
    rows: [`Redis ${how}${told}: first cold read`, `Redis ${how}${told}: 50 more at once`],
    play: async (stage) => {
      const a = await stage.enter('A', { setup });
      if (how === 'killed') await stage.server.kill();
      else stage.server.stall();
      const first = await a.read('cold');
      const keys = Array.from({ length: 50 }, (_, i) => `cold ${i}`);
      const more = await a.actor.ask<readonly Read[]>('crowdOfKeys', { keys, within: WITHIN });
      const bad = more.filter(({ failure }) => failure !== undefined);
      const slowest = Math.max(...more.map(({ ms }) => ms));
      if (await stage.crashed()) return [ENDS, ENDS];
      return [
        inWords(first),
        bad.length === 0 ? `ok: ${slowest.toFixed(0)} ms` : `**${bad.length} of 50: ${outcomeOf(bad[0])}**`,
      ];
    },
  };
}

function inWords(read: Read): string {
  return read.failure === undefined ? `ok: ${read.ms.toFixed(0)} ms` : `**${outcomeOf(read)}**`;
}

function outcomeOf({ failure }: Read): string {
  return failure === 'hangs' ? `hangs > ${WITHIN / 1000} s` : 'fails';
}

/** Nothing is broken: the yardstick for the rows below. */
async function live(stage: Stage, options: PlayerOptions): Promise<readonly string[]> {
  const [a, b] = await pair(stage, options);
  const said = await change(stage, a, options);
  if (said === 'unknown') return [NO_TAGS];
  return [await verdict(stage, [a, b], '')];
}

async function saidInVain(stage: Stage, options: PlayerOptions): Promise<readonly string[]> {
  const link = await stage.link();
  const [a, b] = await pair(stage, { ...options, port: link.port }, options);
  link.cut('all');
  const said = await change(stage, a, options);
  if (said === 'unknown') return [NO_TAGS];
  link.heal();
  const c = await stage.enter('a new process', options);
  const answers = { local: 'said `local`', done: 'said done', failed: 'threw', hangs: `hung > ${WITHIN / 1000} s` };
  return [await verdict(stage, [c, a, b], answers[said as keyof typeof answers])];
}

async function missed(stage: Stage, cut: Cut, options: PlayerOptions): Promise<readonly string[]> {
  const link = await stage.link();
  const [a, b] = await pair(stage, options, { ...options, port: link.port });
  if (cut === 'bus' && !(await listens(link))) return [NO_BUS];
  link.cut(cut);
  const said = await change(stage, a, options);
  if (said === 'unknown') return [NO_TAGS];
  await a.read('key');
  await passing(500); // as long as a short break may be
  link.heal();
  return [await verdict(stage, [b], '')];
}

async function listens(link: Link): Promise<boolean> {
  for (const end = Date.now() + WITHIN; link.listeners === 0; await passing(50)) if (Date.now() > end) return false;
  return true;
}

async function race(stage: Stage): Promise<readonly string[]> {
  const [a, b] = await Promise.all([stage.enter('A'), stage.enter('B')]);
  let release = () => {};
  b.held = new Promise((resolve) => (release = resolve));
  const slow = b.read('key');
  while (!stage.loads.has('key')) await passing(10);
  await change(stage, a, {});
  await a.read('key');
  release();
  await slow; // what it answers is its own affair: it was asked before the change
  const c = await stage.enter('a new process');
  return [await verdict(stage, [c, a, b], '')];
}

async function flush(stage: Stage): Promise<readonly string[]> {
  const a = await stage.enter('A');
  await a.read('key');
  stage.versions.set('key', 2);
  await stage.server.ask('FLUSHALL');
  const wrong = await stage.stale('key', [a]);
  return [wrong.length === 0 ? 'ok' : 'serves on'];
}

/** Two processes that both have the key in memory, as far as they have one. */
async function pair(stage: Stage, forA: PlayerOptions, forB: PlayerOptions = forA): Promise<[Player, Player]> {
  const a = await stage.enter('A', forA);
  const b = await stage.enter('B', forB);
  await a.read('key');
  await b.read('key');
  await passing(500); // subscriptions that nobody tells of
  return [a, b];
}

/** The source changes, then a process says so. */
async function change(stage: Stage, player: Player, { tag }: PlayerOptions): Promise<string> {
  stage.versions.set('key', stage.versionOf('key') + 1);
  return tag === undefined ? player.delete('key') : player.invalidateTag();
}

async function verdict(stage: Stage, players: readonly Player[], said: string): Promise<string> {
  const wrong = await stage.stale('key', players);
  if (await stage.crashed()) return ENDS;
  const outcome = wrong.length === 0 ? 'ok' : `**STALE**: ${wrong.join(', ')}`;
  return [outcome, said].filter((text) => text !== '').join('; ');
}
