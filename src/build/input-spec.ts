/** How a task's inputs are found on the disk: by globs, as everything that isn't its own, or as what was seen to be read. */

/** Paths are relative to the workspace, separated by `/`. */
export type InputSpec =
  | {
      readonly kind: 'globs';
      readonly globs: readonly string[];
      readonly exclude: readonly string[];
    }
  | {
      /** Every file of the workspace, but `.git`, `node_modules`, and what the task itself makes. */
      readonly kind: 'everything';
      readonly exclude: readonly string[];
      readonly own: readonly string[];
    }
  | ({
      readonly kind: 'observed';
      readonly exclude: readonly string[];
      readonly own: readonly string[];
    } & ObservedPaths);

/** What a task was seen to look at, each list in bytewise order. */
export interface ObservedPaths {
  /** Files and links that were opened, executed or asked for, and paths that were asked for and where nothing was. */
  readonly paths: readonly string[];
  /** Directories whose names were listed. */
  readonly listed: readonly string[];
}
