/** The variables of a deploy that switch and size a content cache. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';

/** What a deploy's variables say. */
export interface ContentEnvironment {
  /** `CACHE_ENABLED`: whether anything is cached at all. Default true. */
  readonly enabled: boolean;
  /** `CACHE_DEFAULT_TTL`, in milliseconds (the variable is in seconds), if it is set. */
  readonly defaultTtl: number | undefined;
  /** `CACHE_MAX_MEMORY_SIZE`, in bytes (the variable is in megabytes), if it is set. */
  readonly maxMemoryBytes: number | undefined;
  /** `CACHE_KV_ENABLED`: whether anything is kept in Workers KV. Default true. */
  readonly kvEnabled: boolean;
  /** `CACHE_DEBUG`: whether each miss, load and change is told. Default false. */
  readonly debug: boolean;
  /** `CACHE_ROLLOUT`: the share of keys that are cached, in percent. Default 100. */
  readonly rollout: number;
  /** `CACHE_VERSION`: the deploy's version, if it is set. */
  readonly version: string | undefined;
}

const YES = ['true', '1', 'yes', 'on'];
const NO = ['false', '0', 'no', 'off'];

/**
 * Read the variables that concern the cache. Everything else in the record is left alone, and so is a binding (an object)
 * under one of the names; numbers and booleans count as the texts that they would be.
 *
 * @throws `bad_option` naming the variable, before anything else is done.
 * @example
 * const environment = contentEnvironment(process.env); // or `env` of a Worker
 * const tiers = [memory({ maxBytes: environment.maxMemoryBytes ?? '50mb' }), ...(environment.kvEnabled ? [kv] : [])];
 */
export function contentEnvironment(vars: object): ContentEnvironment {
  if (typeof vars !== 'object' || vars === null)
    throw new TidemarkError('bad_option', `contentEnvironment: vars must be an object, not ${describe(vars)}`);
  const text = (name: string): string | undefined => {
    const value = (vars as Readonly<Record<string, unknown>>)[name];
    return ['string', 'number', 'boolean'].includes(typeof value) ? String(value).trim() : undefined;
  };
  const seconds = numberFrom('CACHE_DEFAULT_TTL', text('CACHE_DEFAULT_TTL'), { unit: 'seconds' });
  const megabytes = numberFrom('CACHE_MAX_MEMORY_SIZE', text('CACHE_MAX_MEMORY_SIZE'), { unit: 'megabytes', above: 0 });
  const version = text('CACHE_VERSION');
  if (version === '') throw bad('CACHE_VERSION', 'text that is not empty', version);
  return Object.freeze({
    enabled: flagFrom('CACHE_ENABLED', text('CACHE_ENABLED')) ?? true,
    defaultTtl: seconds === undefined ? undefined : seconds * 1000,
    maxMemoryBytes: megabytes === undefined ? undefined : Math.max(1, Math.floor(megabytes * 1024 ** 2)),
    kvEnabled: flagFrom('CACHE_KV_ENABLED', text('CACHE_KV_ENABLED')) ?? true,
    debug: flagFrom('CACHE_DEBUG', text('CACHE_DEBUG')) ?? false,
    rollout: numberFrom('CACHE_ROLLOUT', text('CACHE_ROLLOUT'), { unit: 'percent', most: 100 }) ?? 100,
    version,
  });
}

function bad(name: string, wanted: string, value: unknown): TidemarkError {
  return new TidemarkError('bad_option', `${name} must be ${wanted}, not ${describe(value)}`);
}

function flagFrom(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  const word = text.toLowerCase();
  if (YES.includes(word)) return true;
  if (NO.includes(word)) return false;
  throw bad(name, "'true' or 'false'", text);
}

interface Bounds {
  readonly unit: string;
  /** Only what is more than this. Default: 0 itself is allowed. */
  readonly above?: number;
  readonly most?: number;
}

function numberFrom(name: string, text: string | undefined, bounds: Bounds): number | undefined {
  if (text === undefined) return undefined;
  const { unit, above = -1, most = Number.MAX_SAFE_INTEGER } = bounds;
  const value = /^\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : NaN;
  if (value > above && value <= most) return value;
  const range = most < 1000 ? ` from 0 to ${most}` : above === 0 ? ' above 0' : '';
  throw bad(name, `a number of ${unit}${range}`, text);
}
