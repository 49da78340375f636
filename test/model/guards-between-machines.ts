/** The guards between processes and machines: what is believed of a log, of a mirror and of who holds a lease. */
import type { Mutation } from './mutant.ts';

export const BETWEEN: readonly Mutation[] = [
  {
    guard: 'a process that has heard nothing for too long serves nothing that it held',
    setups: ['shared'],
    from: 930,
    edits: [
      {
        file: 'engine/silence.ts',
        find: 'if (this.#over || !this.#exceeded) return false;',
        replace: 'if (this.length >= 0) return false;',
      },
    ],
  },
  {
    guard: 'what is heard was known when the log was asked, not when it answered',
    setups: ['shared'],
    from: 2250,
    edits: [
      {
        file: 'engine/authority.ts',
        find: 'this.#heard(since);',
        replace: 'this.#heard(clock.now());',
      },
    ],
  },
  {
    guard: 'everywhere is said only of what the log has acknowledged',
    setups: ['shared'],
    edits: [
      {
        file: 'engine/authority.ts',
        find: "mark === undefined ? 'local' : 'everywhere'",
        replace: "'everywhere'",
      },
    ],
  },
  {
    guard: 'reads of a key join the load under way',
    setups: ['memory'],
    edits: [
      {
        file: 'engine/read.ts',
        find: '!alone ? this.#joinable(quest.id) : undefined;',
        replace: 'alone ? this.#joinable(quest.id) : undefined;',
      },
    ],
  },
  {
    guard: 'a lease is asked for before a load',
    setups: ['shared'],
    edits: [
      {
        file: 'engine/lease.ts',
        find: 'if (!backend || !leases || backend.guard.failing) return',
        replace: 'if (backend || !leases) return',
      },
    ],
  },
  {
    guard: 'the place refuses what the log has overtaken',
    setups: ['shared'],
    edits: [
      {
        file: 'testing/shared-space.ts',
        find: 'if (everyDependency(key, entry).some((dependency) => this.stamp(dependency) > entry.mark)) return false;',
        replace: '',
      },
    ],
  },
  {
    guard: 'the place takes another incarnation when it has lost changes',
    setups: ['shared'],
    edits: [
      {
        file: 'testing/shared-space.ts',
        find: 'this.#table = new StampTable(head, this.#limits);\n    this.#incarnation = newIncarnation();',
        replace: 'this.#table = new StampTable(head, this.#limits);',
      },
    ],
  },
];

/**
 * Guards whose lack is found once in thousands of schedules: `found.test.ts` or a promise has them step by step, a soak
 * plays them.
 */
export const RARE: readonly Mutation[] = [
  {
    guard: 'who hears nothing joins no load that began too long ago',
    setups: ['shared', 'file'],
    edits: [
      {
        file: 'engine/read.ts',
        find: 'if (authority.silent && clock.now() - flight.startedAt > maxSilence) return undefined;',
        replace: '',
      },
    ],
  },
  {
    guard: 'a mirror of another incarnation is not resumed at',
    setups: ['disk'],
    edits: [
      {
        file: 'engine/authority.ts',
        find: 'const resumes = !stamps.following && incarnation === position.incarnation &&',
        replace: 'const resumes = !stamps.following &&',
      },
      {
        file: 'engine/authority.ts',
        find: 'resumes ? { incarnation, head } : position',
        replace: 'resumes ? { ...position, head } : position',
      },
    ],
  },
  {
    guard: 'what a mirror recalls is of the log that is followed',
    setups: ['disk'],
    edits: [
      {
        file: 'engine/stamps.ts',
        find: 'recalled?.incarnation === this.incarnation &&',
        replace: 'recalled !== undefined &&',
      },
    ],
  },
  {
    guard: 'a commit to a synchronous backend that was given up is not done',
    setups: ['file'],
    edits: [{ file: 'testing/shared-backend.ts', find: 'if (this.sync) signal.throwIfAborted();', replace: '' }],
  },
  {
    guard: 'a load that reads through the cache is not taken for newer than what the cache knows',
    setups: ['shared'],
    edits: [
      {
        file: 'engine/stamps.ts',
        find: 'if (lag <= 0) return this.applied;',
        replace: 'if (lag <= 0) return this.#known;',
      },
    ],
  },
  {
    guard: 'what the log said of a stamp before it was overtaken here is not learned',
    setups: ['shared'],
    edits: [{ file: 'engine/authority.ts', find: 'if (answer.head < stamps.size.floor) return false;', replace: '' }],
  },
  {
    guard: 'an answer of a log that has been left is not taken',
    setups: ['shared'],
    edits: [
      {
        file: 'engine/authority.ts',
        find: 'if (!late) this.#take(answer, asked);',
        replace: 'this.#take(answer, asked);',
      },
    ],
  },
];
