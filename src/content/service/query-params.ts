/** Query parameters as one segment of a key: equal parameters give equal texts, different ones different texts. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { kindOf } from '../../engine/values.ts';

const DEEPEST = 100;

/**
 * A text for parameters, whatever their order, however deep they are nested. It is no digest, so that two queries never
 * share one; a store whose keys are bounded shortens it. What is `undefined` isn't there.
 *
 * @throws `bad_value` for a function, a symbol or an instance of a class, `bad_option` for bytes or more than 100 levels.
 * @example
 * generateCacheKey('content', 'list', hashQueryParams({ where: { status: 'published' }, limit: 20 }));
 */
export function hashQueryParams(params: Readonly<Record<string, unknown>>): string {
  return encodeURIComponent(canonical(params, 0)).replace(/[*'()!]/g, (c) => '%' + c.charCodeAt(0).toString(16));
}

/** As JSON with sorted names. What JSON has no words for is in angle brackets, which begin nothing in JSON. */
function canonical(value: unknown, depth: number): string {
  if (depth > DEEPEST)
    throw new TidemarkError('bad_option', `hashQueryParams: parameters are nested deeper than ${DEEPEST}`);
  const below = (parts: Iterable<unknown>) => `[${Array.from(parts, (part) => canonical(part, depth + 1)).join(',')}]`;
  switch (kindOf(value)) {
    case 'primitive':
      return scalar(value);
    case 'array':
      return below(value as unknown[]);
    case 'date':
      return `<date ${(value as Date).getTime()}>`;
    case 'set':
      return `<set ${below(value as Set<unknown>)}>`;
    case 'map':
      return `<map ${below(value as Map<unknown, unknown>)}>`;
    case 'object': {
      const said = Object.entries(value as object).filter(([, one]) => one !== undefined);
      const named = said.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one, depth + 1)}`);
      return `{${named.toSorted().join(',')}}`;
    }
    default:
      throw new TidemarkError('bad_option', `hashQueryParams: ${describe(value)} can't be part of a query`);
  }
}

function scalar(value: unknown): string {
  if (typeof value === 'bigint') return `<${value}n>`;
  if (typeof value === 'number' && !Number.isFinite(value)) return `<${value}>`;
  return JSON.stringify(value) ?? '<undefined>';
}
