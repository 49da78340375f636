/** Machines that share: each with a store of its own, and the same remotes behind it. */
import { systemClock } from '../../../src/engine/clock.ts';
import type { BuildStore } from '../../../src/build/build-store.ts';
import type { RemoteStore } from '../../../src/build/remote/remote-store.ts';
import type { RemoteTrouble } from '../../../src/build/remote/remote-trouble.ts';
import { Sharing, type SharingSettings } from '../../../src/build/remote/sharing.ts';
import type { MemoryRemote } from '../../../src/testing/memory-remote.ts';
import { folder, openStore } from '../stores.ts';

export interface Machine {
  readonly directory: string;
  readonly store: BuildStore;
  readonly sharing: Sharing;
  readonly troubles: RemoteTrouble[];
  /** What the troubles were, in order. */
  readonly told: () => readonly string[];
}

/** A machine whose store is gone after the test. */
export function machine(remotes: readonly RemoteStore[], settings: Partial<SharingSettings> = {}): Machine {
  const directory = folder();
  const store = openStore(directory);
  const troubles: RemoteTrouble[] = [];
  const onTrouble = (_: string, trouble: RemoteTrouble): void => void troubles.push(trouble);
  const sharing = new Sharing(store, { remotes, clock: systemClock, transfers: 4, onTrouble, ...settings });
  return { directory, store, sharing, troubles, told: () => troubles.map(({ what }) => what) };
}

/** A remote that does something else at some of its operations. */
export function instead(remote: MemoryRemote, other: Partial<RemoteStore>): RemoteStore {
  return { ...remote, ...other };
}

/** Waits until its signal aborts, and for ever if that doesn't happen. */
export function hanging({ signal }: { readonly signal: AbortSignal }): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

/** Doesn't even listen to its signal. */
export function deaf(): Promise<never> {
  return new Promise(() => {});
}
