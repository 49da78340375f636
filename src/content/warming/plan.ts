/** What is warmed, when and in what order: plans as data, whose reads are the program's own. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { aFunction, checkOptions, list, nonEmptyText, oneOf } from '../../engine/options.ts';

/** When a plan is due: when the process (in Workers: the isolate) is new, from time to time, or after an event. */
export type Occasion = 'startup' | 'schedule' | `event:${string}`;

/** A call of a reader, as data. Two that ask the same are read once if they wait at the same time. */
export interface WarmCall {
  readonly reader: object;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** One thing to read: a function that reads it (it begins its reads at once, before it waits for anything), or a call. */
export type WarmRead = (() => unknown) | WarmCall;

/** Several. They are taken as there is room for them, so there may be more than one would like to hold. */
export type WarmReads = Iterable<WarmRead> | AsyncIterable<WarmRead>;

/** What a plan is told. */
export interface WarmContext {
  readonly occasion: Occasion;
  /** What the event brought; empty for other occasions. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** What the event is about: its payload's `id`, which may be a list. */
  readonly ids: readonly string[];
  /** Aborts when the run is over. */
  readonly signal: AbortSignal;
  /** The hottest readings in the catalogue, the hottest first; none without a catalogue. */
  readonly hottest: (most: number) => Promise<readonly WarmCall[]>;
}

/** A plan. */
export interface WarmPlan {
  readonly name: string;
  /** What is higher is read first. Default 0. */
  readonly priority?: number;
  readonly on: readonly Occasion[];
  /**
   * Whom it serves: `'isolate'` (default) warms this process's memory, so each process does it. `'shared'` warms tiers that
   * processes share: with `leases` one of them does it on startup and on schedule, and the others leave it alone.
   */
  readonly scope?: 'isolate' | 'shared';
  /** What to read. By way of the repositories and collections that everybody reads by, so that the keys are the same. */
  readonly read: (ctx: WarmContext) => WarmReads | Promise<WarmReads>;
}

/** What has `findById`. */
interface ItemReader<Options> {
  findById(id: string, options?: Options): unknown;
}

/** What has `findMany`. */
interface ListReader<Asked, Options> {
  findMany(query?: Asked, options?: Options): unknown;
}

/** Reads of repositories, for plans. */
export const warm = {
  /** An item. */
  item<O>(repository: ItemReader<O>, id: string, options?: O): WarmCall {
    return { reader: repository, method: 'findById', args: options === undefined ? [id] : [id, options] };
  },
  /** A list. */
  list<Q, O>(repository: ListReader<Q, O>, query?: Q, options?: O): WarmCall {
    return { reader: repository, method: 'findMany', args: options === undefined ? [query] : [query, options] };
  },
} as const;

/** A plan with nothing left open. */
export type CheckedPlan = Required<WarmPlan>;

/** Plans, the highest first. Throws `bad_option` naming what is wrong. */
export function checkedPlans(plans: readonly WarmPlan[]): readonly CheckedPlan[] {
  list('createWarmer: plans', plans);
  const checked = plans.map((plan, i) => checkedPlan(`createWarmer: plans[${i}]`, plan));
  const twice = checked.find(({ name }, i) => checked.findIndex((plan) => plan.name === name) !== i);
  if (twice) throw new TidemarkError('bad_option', `createWarmer: two plans are named ${describe(twice.name)}`);
  return checked.toSorted((a, b) => b.priority - a.priority);
}

function checkedPlan(what: string, plan: WarmPlan): CheckedPlan {
  checkOptions(what, plan, ['name', 'priority', 'on', 'scope', 'read']);
  const { priority = 0, on, scope = 'isolate', read } = plan;
  const name = nonEmptyText(`${what}: name`, plan.name);
  if (!Number.isFinite(priority))
    throw new TidemarkError('bad_option', `${what}: priority must be a number, not ${describe(priority)}`);
  list(`${what}: on`, on);
  for (const occasion of on)
    if (occasion !== 'startup' && occasion !== 'schedule' && !/^event:./.test(occasion))
      throw new TidemarkError(
        'bad_option',
        `${what}: on must name 'startup', 'schedule' or 'event:…', not ${describe(occasion)}`,
      );
  oneOf(`${what}: scope`, scope, ['isolate', 'shared']);
  aFunction(`${what}: read`, read);
  return { name, priority, on: [...on], scope, read };
}
