/** Whether a kind and a name are ones that a remote can have: they become paths and addresses. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { oneOf } from '../../engine/options.ts';
import { isDigest } from '../digest.ts';
import type { RemoteKind } from './remote-store.ts';

const KINDS: readonly RemoteKind[] = ['blobs', 'records', 'specs'];

/** Throws `bad_option` for anything else than a kind and 64 hex digits. */
export function checkName(kind: RemoteKind, name: string): void {
  oneOf('kind', kind, KINDS);
  if (!isDigest(name)) throw new TidemarkError('bad_option', `a name must be 64 hex digits, not ${describe(name)}`);
}

/** Throws `store_failed` if a remote may only be read. */
export function checkWritable({ name, readOnly }: { readonly name: string; readonly readOnly: boolean }): void {
  if (readOnly) throw new TidemarkError('store_failed', `${name} is open for reading only`);
}
