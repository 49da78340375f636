/** What may happen to a server, to the ways to it and to the processes that use it. */
import { setTimeout as pass } from 'node:timers/promises';
import type { Random } from 'tidemark';
import type { RedisServer } from '../support/redis-server.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';

/** A process that can be disturbed, and the way on which it reaches the server. */
export interface Disturbed {
  readonly way: TcpProxy;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Kill it, and start another one in its place. */
  replace(): Promise<void>;
}

/** Where it happens. */
export interface Scene {
  readonly server: RedisServer;
  readonly processes: readonly Disturbed[];
  readonly random: Random;
  /** Some time passes. */
  readonly wait: () => Promise<unknown>;
}

/** Disturbs, waits if it lasts, and makes good what can be made good. */
type Disturbance = (scene: Scene) => unknown;

const LOG_KEYS = ['meta', 'stream', 'stamps:0', 'stamps:1', 'rules', 'wakes'].map((name) => `tidemark:{log}:${name}`);

const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random() * from.length)];

/** By what they happen to: what happens to one thing happens one after the other, and to different things at the same time. */
export const DISTURBANCES: Readonly<Record<string, Readonly<Record<string, Disturbance>>>> = {
  server: {
    restart: async ({ server, wait }) => {
      await server.kill();
      await wait();
      await server.up(); // with what was saved last, if anything was
    },
    stall: async ({ server, wait }) => {
      server.stall();
      await wait();
      server.resume();
    },
    save: ({ server }) => server.ask('SAVE'),
    flush: ({ server }) => server.ask('FLUSHALL'),
    trim: ({ server }) => server.ask('XTRIM', LOG_KEYS[1], 'MAXLEN', '0'),
    forget: ({ server, random }) => server.ask('DEL', pick(LOG_KEYS, random)),
  },
  ways: {
    cut: (scene) => spoil(scene, (way) => way.cut()),
    silence: (scene) => spoil(scene, (way) => way.silence()),
    hold: (scene) => spoil(scene, (way) => way.stall()),
    delay: (scene) => spoil(scene, (way) => way.delay(50 + 400 * scene.random())),
    unheard: ({ processes, random }) => pick(processes, random).way.silenceWhere('XREAD'),
  },
  processes: {
    stop: async ({ processes, random, wait }) => {
      const one = pick(processes, random);
      one.signal('SIGSTOP');
      await wait();
      one.signal('SIGCONT');
    },
    kill: ({ processes, random }) => pick(processes, random).replace(),
  },
};

async function spoil({ processes, random, wait }: Scene, how: (way: TcpProxy) => void): Promise<void> {
  const { way } = pick(processes, random);
  how(way);
  await wait();
  way.heal();
}

/** Let one thing after the other happen to a part of a scene for so many milliseconds; what happened, in order. */
export async function disturb(part: string, scene: Scene, ms: number): Promise<readonly string[]> {
  const happened: string[] = [];
  for (const end = performance.now() + ms; performance.now() < end;) {
    const what = pick(Object.keys(DISTURBANCES[part]), scene.random);
    happened.push(what);
    await DISTURBANCES[part][what](scene);
    await pass(1000 * scene.random());
  }
  return happened;
}
