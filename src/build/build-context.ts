/** What a run works with: the settings, the store, what is behind it, and the state of workspaces. */
import type { BuildSettings } from './build-options.ts';
import type { BuildStore } from './build-store.ts';
import type { LocalState } from './local-state.ts';
import type { Sharing } from './remote/sharing.ts';

/** What a run works with. */
export interface BuildContext {
  readonly settings: BuildSettings;
  readonly store: BuildStore;
  readonly sharing: Sharing;
  /** The state of a workspace, by its real path. */
  stateOf(workspace: string): LocalState;
}

/** Whether results may be looked up. */
export function mayRead({ settings: { mode } }: BuildContext): boolean {
  return mode === 'read-write' || mode === 'read-only';
}

/** Whether results may be kept. */
export function mayWrite({ settings: { mode } }: BuildContext): boolean {
  return mode === 'read-write' || mode === 'write-only';
}
