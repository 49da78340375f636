/** The guards of a node whose requests end, and take along what others may wait for. */
import type { Mutation } from './mutant.ts';

const conditions = 'requests';

export const IN_REQUESTS: readonly Mutation[] = [
  {
    guard: 'what KV brings back is validated',
    conditions,
    setups: ['kv'],
    edits: [
      {
        file: 'engine/read.ts',
        find: 'const first = verdict();',
        replace: "const first = this.#shelves.live(level) ? verdict() : 'valid';",
      },
    ],
  },
  {
    guard: 'who joins a load waits no longer than `joinTimeout`',
    conditions,
    setups: ['shared'],
    edits: [
      {
        file: 'engine/read.ts',
        find: 'running ? this.#core.joinTimeout : Infinity',
        replace: 'running ? Infinity : Infinity',
      },
    ],
  },
  {
    guard: 'a question to the log that has ended with its request is asked anew',
    conditions,
    setups: ['shared'],
    edits: [
      {
        file: 'engine/authority.ts',
        find: 'await within(running, leftOf(joinTimeout, this.#pullingSince, clock), clock, gone);',
        replace: 'await within(running, Infinity, clock, gone), leftOf(joinTimeout, 0, clock);',
      },
    ],
  },
  {
    guard: 'what is being said in a request that has ended is taken back and said again',
    conditions,
    setups: ['shared'],
    from: 100,
    edits: [
      {
        file: 'engine/outbox.ts',
        find: 'if (saying && leftOf(this.#longest, saying.since, this.#clock) === 0) this.#end(saying, undefined);',
        replace: '',
      },
    ],
  },
  {
    guard: 'requests stay until what waits has been said',
    conditions,
    setups: ['shared'],
    edits: [
      {
        file: 'engine/authority.ts',
        find: "const keepAlive = follows === 'with reads' ? track : undefined;",
        replace: 'const keepAlive = (_: unknown) => void track;',
      },
    ],
  },
  {
    guard: 'no time is kept that a timer would have to end',
    conditions,
    setups: ['shared'],
    edits: [
      {
        file: 'engine/cache.ts',
        find: "background ? 'at each look' : 'now and then'",
        replace: "'now and then'",
      },
    ],
  },
  {
    guard: 'after too long a silence nothing is served before the log has been asked',
    conditions,
    setups: ['kv'],
    edits: [
      {
        file: 'engine/authority.ts',
        find: 'if (!this.#closed && this.#silence.notice()) this.#o.stamps.doubt();',
        replace: '',
      },
    ],
  },
  {
    guard: 'a clock that is set back prolongs no wait for another',
    conditions,
    setups: ['shared'],
    from: 540,
    edits: [
      {
        file: 'engine/wait.ts',
        find: 'ms - Math.min(ms, Math.abs(clock.now() - since))',
        replace: 'Math.max(0, since + ms - clock.now())',
      },
    ],
  },
];
