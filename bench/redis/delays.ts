/** How long a change is on its way: from the call in one process to the first read in another that isn't answered with the old. */
import { Actor } from './actor.ts';
import { names, titleOf } from './peer.ts';
import { startServer } from './server.ts';
import { passing } from './stage.ts';

const TIMES = 300;
const WARM = 20;

/** After so many milliseconds a change is lost; after so many that are, there is nothing to measure. */
const LOST = 2000;
const ENOUGH = 3;

/** One cache's delays in milliseconds; none where there is no memory to be stale, or no way to tell. */
export interface Delay {
  readonly name: string;
  readonly why?: 'no memory' | 'no bus';
  readonly p50?: number;
  readonly p99?: number;
  readonly most?: number;
  readonly lost?: string;
}

/** Measure all, one after the other. */
export async function delays(only: readonly string[] = names): Promise<readonly Delay[]> {
  const all: Delay[] = [];
  for (const name of only) all.push({ name: await titleOf(name), ...(await delayOf(name)) });
  return all;
}

async function delayOf(name: string): Promise<Omit<Delay, 'name'>> {
  const server = await startServer();
  const [a, b] = [new Actor(), new Actor()];
  try {
    const place = { name, port: server.port };
    await a.ask('watch', place);
    if (!(await b.ask<boolean>('watch', place))) return { why: 'no memory' };
    const found: number[] = [];
    let lost = 0;
    for (let time = 0; time < TIMES + WARM && lost < ENOUGH; time++) {
      const [at, said] = await Promise.all([
        b.ask<number | undefined>('seen', { within: LOST }),
        passing(5).then(() => a.ask<number>('say')), // by then it reads
      ]);
      if (at === undefined) lost++;
      else if (time >= WARM) found.push(Math.max(0, at - said));
    }
    if (found.length === 0) return { why: 'no bus' };
    const sorted = found.toSorted((x, y) => x - y);
    const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))];
    return { p50: at(0.5), p99: at(0.99), most: at(1), lost: `${lost} of ${found.length + lost}` };
  } finally {
    await Promise.all([a.end(), b.end(), server.close()]);
  }
}
