/** Switches: which keys are cached at all. A share of them, none of them for now, or none while tiers keep failing. */
import type { Cache } from '../engine/cache.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import {
  checkOptions,
  duration,
  type Duration,
  nonEmptyText,
  positiveInteger,
  trueOrFalse,
} from '../engine/options.ts';
import { stableHash } from './stable-hash.ts';

/** When failing tiers switch everything off by themselves. */
export interface KillOptions {
  /** So many failures of tiers or the log … Default 50. */
  readonly failures?: number;
  /** … within this time switch off. Default 10 seconds. */
  readonly window?: Duration;
  /** After this time it is on again. Default 30 seconds. */
  readonly pause?: Duration;
}

/** What switches are made with. */
export interface SwitchOptions {
  /** Default true; false keeps everything off for good. */
  readonly enabled?: boolean;
  /** The share of keys that are cached, in percent. Default 100. A larger one has all the keys of a smaller one. */
  readonly rollout?: number;
  /** When failures switch off; `false`: never. */
  readonly kill?: KillOptions | false;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

/** Where the switches stand. */
export interface SwitchState {
  readonly enabled: boolean;
  readonly rollout: number;
  /** Why everything was switched off by hand, if it was. */
  readonly off: string | undefined;
  /** Namespaces that were switched off by hand, and why. */
  readonly namespaces: Readonly<Record<string, string>>;
  /** Milliseconds for which failures keep everything off yet; 0 if they don't. */
  readonly killedFor: number;
  /** How often failures have switched off. */
  readonly kills: number;
}

/**
 * Switches of a content cache. What isn't allowed is read from the source and nothing of it is kept; writes say what they
 * change all the same, so that whatever was kept before is right when it is allowed again.
 */
export interface ContentSwitches {
  /** Whether a key may be read from the cache and kept in it. */
  allows(namespace: string, key: string): boolean;
  /** Switch off: everything, or one namespace. */
  off(reason: string, options?: { readonly namespace?: string }): void;
  /** Switch on again what was switched off by hand or by failures: everything, or one namespace. */
  on(options?: { readonly namespace?: string }): void;
  /** Change the share of keys that are cached, in percent. */
  rollOut(percent: number): void;
  /** Count the failures of a cache's tiers and log; the result stops it. */
  watch(cache: Pick<Cache, 'on'>): () => void;
  readonly state: SwitchState;
}

const MOST_NAMESPACES = 1000;

/**
 * Switches.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const switches = contentSwitches({ rollout: 10 }); // one key in ten is cached
 * switches.off('the pages look wrong', { namespace: 'api' });
 */
export function contentSwitches(options: SwitchOptions = {}): ContentSwitches {
  return new Switches(options);
}

class Switches implements ContentSwitches {
  readonly #enabled: boolean;
  readonly #clock: Clock;
  readonly #fuse: Fuse | undefined;
  readonly #namespaces = new Map<string, string>();
  #rollout = 100;
  #off: string | undefined;

  constructor(options: SwitchOptions) {
    checkOptions('contentSwitches', options, ['enabled', 'rollout', 'kill', 'clock']);
    const { enabled = true, rollout = 100, kill = {}, clock = systemClock } = options;
    this.#enabled = trueOrFalse('contentSwitches: enabled', enabled);
    this.#clock = clock;
    this.#fuse = kill === false ? undefined : new Fuse(kill);
    this.rollOut(rollout);
  }

  allows(namespace: string, key: string): boolean {
    if (!this.#enabled || this.#off !== undefined || this.#rollout === 0) return false;
    if (this.#namespaces.size > 0 && this.#namespaces.has(namespace)) return false;
    if (this.#fuse?.blown && this.#fuse.left(this.#clock.now()) > 0) return false;
    return this.#rollout === 100 || shareOf(`${namespace}/${key}`) < this.#rollout;
  }

  off(reason: string, options: { readonly namespace?: string } = {}): void {
    const namespace = namespaceIn('off', options);
    nonEmptyText('off: reason', reason);
    if (namespace === undefined) this.#off = reason;
    else if (this.#namespaces.size >= MOST_NAMESPACES && !this.#namespaces.has(namespace))
      throw new TidemarkError('bad_option', `off: namespace: no more than ${MOST_NAMESPACES} can be switched off`);
    else this.#namespaces.set(namespace, reason);
  }

  on(options: { readonly namespace?: string } = {}): void {
    const namespace = namespaceIn('on', options);
    if (namespace !== undefined) return void this.#namespaces.delete(namespace);
    this.#off = undefined;
    this.#namespaces.clear();
    this.#fuse?.mend();
  }

  rollOut(percent: number): void {
    if (typeof percent !== 'number' || !(percent >= 0 && percent <= 100))
      throw new TidemarkError('bad_option', `rollout must be a number from 0 to 100, not ${describe(percent)}`);
    this.#rollout = percent;
  }

  watch(cache: Pick<Cache, 'on'>): () => void {
    return cache.on('tierFailed', () => this.#fuse?.failed(this.#clock.now()));
  }

  get state(): SwitchState {
    return {
      enabled: this.#enabled,
      rollout: this.#rollout,
      off: this.#off,
      namespaces: Object.fromEntries(this.#namespaces),
      killedFor: this.#fuse?.left(this.#clock.now()) ?? 0,
      kills: this.#fuse?.blows ?? 0,
    };
  }
}

function namespaceIn(what: string, options: { readonly namespace?: string }): string | undefined {
  checkOptions(what, options, ['namespace']);
  return options.namespace === undefined ? undefined : nonEmptyText(`${what}: namespace`, options.namespace);
}

/** Blows when so many failures come within a while, and mends itself after another. It holds as many times as failures. */
class Fuse {
  readonly #times: number[] = [];
  readonly #failures: number;
  readonly #window: number;
  readonly #pause: number;
  #next = 0; // where the oldest of the times is
  #until = 0;
  blown = false;
  blows = 0;

  constructor(options: KillOptions) {
    checkOptions('contentSwitches: kill', options, ['failures', 'window', 'pause']);
    this.#failures = positiveInteger('contentSwitches: kill.failures', options.failures ?? 50);
    this.#window = duration('contentSwitches: kill.window', options.window ?? '10s');
    this.#pause = duration('contentSwitches: kill.pause', options.pause ?? '30s');
  }

  failed(now: number): void {
    if (this.left(now) > 0) return;
    this.#times[this.#next] = now;
    this.#next = (this.#next + 1) % this.#failures;
    const oldest = this.#times[this.#next];
    if (this.#times.length < this.#failures || now - oldest > this.#window) return;
    this.mend();
    this.blown = true;
    this.blows++;
    this.#until = now + this.#pause;
  }

  /** Milliseconds until it is whole again. A clock that was set back doesn't make them more than a pause. */
  left(now: number): number {
    const left = this.blown ? Math.min(this.#until - now, this.#pause) : 0;
    if (left > 0) return left;
    this.blown = false;
    return 0;
  }

  mend(): void {
    this.blown = false;
    this.#times.length = 0;
    this.#next = 0;
  }
}

/** Where a key stands among all, from 0 to 100: always at the same place. */
function shareOf(text: string): number {
  return (stableHash(text) / 2 ** 32) * 100;
}
