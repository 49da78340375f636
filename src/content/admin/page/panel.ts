/** A part of the page: its markup, and its script as text, since it runs in a browser and is served from one handler. */

/** What the page knows from the start. */
export interface PageSetup {
  readonly cache: string;
  readonly actor: string;
  readonly canWrite: boolean;
  /** Goes with every write; empty for who may not write. */
  readonly token: string;
  readonly showValues: boolean;
  /** The tier whose keys KV lists; empty if there is none. */
  readonly kvTier: string;
  readonly log: boolean;
  /** The events for which there are rules; none where there are no events. */
  readonly events: readonly string[];
  readonly warm: boolean;
}

/**
 * One part of the page. Its script is a function's body with `page` in reach, see `page-script.ts`; it has neither
 * backquotes nor backslashes of its own need. Nothing that an answer brings becomes markup: texts are set as texts.
 */
export interface Panel {
  readonly id: string;
  readonly title: string;
  /** Where there is room for two beside each other. */
  readonly width: 'whole' | 'half';
  /** Does whoever looks at the page get to see it? */
  readonly shown: (setup: PageSetup) => boolean;
  /** Fixed markup: nothing of what a cache holds stands in it. */
  readonly markup: string;
  readonly script: string;
}
