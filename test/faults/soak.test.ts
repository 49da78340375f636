/** Four processes read and change through a server to which everything happens: nothing is stale beyond the bound, nothing hangs. */
import { setTimeout as pass } from 'node:timers/promises';
import { seededRandom } from 'tidemark/testing';
import { expect, onTestFinished, test } from 'vitest';
import { Audit } from './audit.ts';
import type { Report, RoamerOptions, Said } from './children/roamer.ts';
import { disturb, type Disturbed, DISTURBANCES } from './disturbances.ts';
import { REDIS_CLIENTS } from './world.ts';
import { type Program, start } from '../processes/program.ts';
import { RedisServer, until, withoutRedis } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const soaking = process.env['SOAK'] === '1';
const MS = soaking ? 60_000 : 10_000;
const ROAMERS = 4;
const MAX_SILENCE = 1000;
const BOUND = MAX_SILENCE + 1000; // and a round of the follower
const LONGEST_WHILE = 4000; // far beyond the bound

/** A read may wait for a lease whose holder is gone, for ten seconds, and for tiers; a stopped process adds to that. */
const HANG = 30_000;

/** A process, and whoever takes its place. */
class Roamer implements Disturbed {
  readonly way: TcpProxy;
  readonly #audit: Audit;
  readonly #options: RoamerOptions;
  readonly #past: Report[] = [];
  #program: Program;

  constructor(options: RoamerOptions, way: TcpProxy, audit: Audit) {
    this.way = way;
    this.#audit = audit;
    this.#options = options;
    this.#program = this.#start();
  }

  #start(): Program {
    const audit = this.#audit;
    return start('roamer', this.#options, {
      load: (key: string) => audit.version(key),
      commit: (key: string) => audit.commit(key),
      said: (said: Said) => audit.said(said),
    });
  }

  async roam(): Promise<void> {
    await this.#program.ask('roam');
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#program.signal(signal);
  }

  async replace(): Promise<void> {
    await this.report();
    await this.#program.kill();
    this.#program = this.#start();
    await this.roam();
  }

  /** Take down what it has to tell; all reports so far. */
  async report(): Promise<readonly Report[]> {
    const report = await this.#program.ask<Report>('report');
    this.#audit.saw(report.sightings);
    this.#past.push(report);
    return this.#past;
  }

  async settle(): Promise<void> {
    await this.#program.ask('settle');
  }

  read(key: string): Promise<number> {
    return this.#program.ask('read', key);
  }

  leave(): Promise<void> {
    return this.#program.leave();
  }
}

test.skipIf(withoutRedis)(
  `${ROAMERS} processes for ${MS / 1000} seconds of disturbances`,
  { timeout: MS + 180_000 },
  async () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const server = await RedisServer.start();
    onTestFinished(() => server.close());
    const audit = new Audit();
    const roamers: Roamer[] = [];
    for (let number = 0; number < ROAMERS; number++) {
      const way = await TcpProxy.to(server.port);
      onTestFinished(() => way.close());
      const address = { kind: REDIS_CLIENTS[number % 2], port: way.port };
      roamers.push(new Roamer({ address, number, roamers: ROAMERS, maxSilence: MAX_SILENCE, hang: HANG }, way, audit));
    }
    await Promise.all(roamers.map((roamer) => roamer.roam()));

    const scenes = Object.keys(DISTURBANCES).map(async (part, i) => {
      const random = seededRandom(seed + i);
      const wait = () => pass(LONGEST_WHILE * random());
      return `${part}: ${(await disturb(part, { server, processes: roamers, random, wait }, MS)).join(', ')}`;
    });
    const story = [`seed ${seed}`, ...(await Promise.all(scenes))].join('; ');
    await Promise.all(roamers.map((roamer) => roamer.settle()));
    for (const [key, version] of audit.newestSaid)
      for (const roamer of roamers)
        await until(`${key} is right (${story})`, async () => (await roamer.read(key)) >= version);
    const reports = (await Promise.all(roamers.map((roamer) => roamer.report()))).flat();
    expect(
      reports.flatMap(({ faults }) => faults),
      story,
    ).toEqual([]);
    expect(audit.stale(BOUND), story).toEqual([]);
    const sum = (of: (report: Report) => number) => reports.reduce((all, report) => all + of(report), 0);
    expect(sum(({ reads }) => reads)).toBeGreaterThan(0);
    expect(sum(({ hits }) => hits)).toBeGreaterThan(0);
    expect(sum(({ changes }) => changes.everywhere)).toBeGreaterThan(0);
    await Promise.all(roamers.map((roamer) => roamer.leave()));
  },
);
