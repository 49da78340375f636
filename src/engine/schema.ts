/** Checking values by any schema that follows the Standard Schema interface (Zod, Valibot, ArkType, …). */
import { TidemarkError } from './errors.ts';
import { isPromise, type MaybePromise } from './maybe.ts';

/** The part of Standard Schema version 1 (standardschema.dev) that we call. */
export interface Schema<V = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): MaybePromise<SchemaResult<V>>;
    readonly types?: { readonly input: unknown; readonly output: V } | undefined;
  };
}

/** What a schema answers: a value, or what is wrong with it. */
export type SchemaResult<V> =
  | { readonly value: V; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] };

/** A loaded value as the schema gives it. Throws `schema` with what is wrong; the cause holds all issues. */
export async function checked<V>(schema: Schema<V>, value: unknown, what: string): Promise<V> {
  const result = await schema['~standard'].validate(value);
  if (!result.issues) return result.value;
  const first = result.issues[0];
  const where = first?.path
    ?.map((p) => String(typeof p === 'object' && p !== null && 'key' in p ? p.key : p))
    .join('.');
  throw new TidemarkError(
    'schema',
    `${what}: ${where ? where + ': ' : ''}${first?.message ?? 'invalid'}`,
    result.issues,
  );
}

/** True if a stored value satisfies the schema. A schema that transforms must accept its own output. */
export function accepts(schema: Schema, value: unknown): MaybePromise<boolean> {
  try {
    const result = schema['~standard'].validate(value);
    return isPromise(result)
      ? result.then(
          (r) => !r.issues,
          () => false,
        )
      : !result.issues;
  } catch {
    return false;
  }
}
