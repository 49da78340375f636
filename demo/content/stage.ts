/** What the acts of the demo of content share. */
import type { Site } from '../../examples/edge-cms/site.ts';
import type { Checks } from '../checks.ts';
import type { Terminal } from '../terminal.ts';
import type { Visitor } from './visitor.ts';

/** A site on show. */
export interface ContentStage {
  readonly terminal: Terminal;
  readonly checks: Checks;
  readonly signal: AbortSignal;
  readonly site: Site;
  readonly reader: Visitor;
  readonly editor: Visitor;
  /** Does something and counts the statements that it has the site's tables execute. */
  readonly counting: <R>(work: () => Promise<R>) => Promise<{ readonly result: R; readonly statements: number }>;
}
