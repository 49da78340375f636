/** An operation as text: JSON, if JSON can say everything that is in it. */
import { TidemarkError } from '../../engine/errors.ts';
import { kindOf } from '../../engine/values.ts';
import type { Operation } from '../operation.ts';

const DEEPEST = 1000;

/** The text of an operation. Throws `bad_value` for what would come back as something else. */
export function textOf(operation: Operation): string {
  const found = unsayable(operation, 0);
  if (found === undefined) return JSON.stringify(operation);
  throw new TidemarkError('bad_value', `operation ${operation.index} holds ${found}, which JSON can't say`);
}

/** The inverse of {@link textOf}. */
export function operationOf(text: string): Operation {
  return JSON.parse(text) as Operation;
}

/** What there is in a value that JSON can't say, in words. */
function unsayable(value: unknown, depth: number): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : String(value);
  if (typeof value === 'bigint' || value === undefined) return typeof value;
  if (depth > DEEPEST) return `a value nested deeper than ${DEEPEST}`;
  const kind = kindIfPlain(value);
  if (kind === 'primitive') return undefined;
  if (kind === 'array') {
    for (const part of value as readonly unknown[]) {
      const found = unsayable(part, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (kind !== 'object') return kind === undefined ? 'a function, a symbol or an instance of a class' : `a ${kind}`;
  for (const part of Object.values(value as object)) {
    const found = part === undefined ? undefined : unsayable(part, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function kindIfPlain(value: unknown): ReturnType<typeof kindOf> | undefined {
  try {
    return kindOf(value);
  } catch {
    return undefined;
  }
}
