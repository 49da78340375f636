/**
 * Each guard of the engine is needed: with it taken out the model finds something wrong, and within a bounded number of
 * schedules. Without this test a model that has gone blind would look like an engine without faults.
 */
import { describe, expect, test } from 'vitest';
import { type Mutation, mutant } from './mutant.ts';
import { play } from './schedule.ts';
import { type Setup, SETUPS } from './world.ts';

const MOST = 12_000; // schedules in each setup; all but a few guards take less than a hundred

const MUTATIONS: readonly (Mutation & { readonly setups?: readonly Setup[] })[] = [
  {
    guard: 'the mark is taken before the load begins',
    edits: [
      {
        file: 'engine/read.ts',
        find: 'const current = this.#land(flight, quest);',
        replace: 'entry = { ...entry, mark: stamps.known }; const current = this.#land(flight, quest);',
      },
    ],
  },
  {
    guard: 'an entry is validated when it is read from memory',
    edits: [
      {
        file: 'stores/memory-shelf.ts',
        find: "else if (verdict !== 'valid') return false;",
        replace: '',
      },
    ],
  },
  {
    guard: 'an entry is validated when it is read from a lower tier',
    edits: [
      {
        file: 'engine/read.ts',
        find: 'const first = verdict();',
        replace: "const first = this.#shelves.live(level) ? verdict() : 'valid';",
      },
    ],
  },
  {
    guard: 'who joins a load after something moved reads anew',
    edits: [{ file: 'engine/read.ts', find: 'if (outcome.moved && seq !== flight.seq) continue;', replace: '' }],
  },
  {
    guard: 'an unknown stamp is asked for',
    edits: [
      {
        file: 'engine/stamps.ts',
        find: "return stamp === undefined && this.#floorOf(name, soft) > mark ? 'unknown' : 'unchanged';",
        replace: "return 'unchanged';",
      },
    ],
  },
  {
    guard: 'what lies below the floor of the log is not vouched for',
    edits: [
      {
        file: 'engine/stamp-table.ts',
        find: 'const mark = this.find(dependency) ?? this.#floor;',
        replace: 'const mark = this.find(dependency) ?? 0;',
      },
    ],
  },
  {
    guard: 'a gap in the log drops what was held',
    setups: ['shared'],
    edits: [
      {
        file: 'engine/authority.ts',
        find: 'if (answer.complete > stamps.applied) {',
        replace: 'stamps.advance(answer.complete); if (false) {',
      },
    ],
  },
  {
    guard: 'another incarnation of the log drops what was held',
    setups: ['shared'],
    edits: [{ file: 'engine/authority.ts', find: 'this.#joins++;\n    drop();', replace: 'this.#joins++;' }],
  },
  {
    guard: 'a change that could not be said waits and is said later',
    setups: ['shared'],
    edits: [{ file: 'engine/authority.ts', find: 'if (mark === undefined) this.#outbox.add(change);', replace: '' }],
  },
  {
    guard: 'what an unsaid change names is distrusted',
    setups: ['shared'],
    edits: [{ file: 'engine/stamps.ts', find: "if (this.#unsaid.has(full)) return 'changed';", replace: '' }],
  },
  {
    guard: "a key's own change drops it from memory at once",
    edits: [
      {
        file: 'engine/cache.ts',
        find: 'if (name !== this.name || path.length === 0) return;',
        replace: 'if (name.length >= 0 || path.length === 0) return;',
      },
    ],
  },
  {
    guard: 'whether an entry is still right is looked at in the moment of storing',
    setups: ['shared'],
    edits: [
      {
        file: 'engine/shelves.ts',
        find: "if (stamps.verdict(path, entry.dependencies, entry.mark, entry.incarnation) !== 'valid') return undefined;",
        replace: '',
      },
    ],
  },
  {
    guard: 'a set beats every load that began before it',
    edits: [
      { file: 'engine/read.ts', find: 'const keep = current && !overtaken &&', replace: 'const keep = current &&' },
      {
        file: 'engine/shelves.ts',
        find: "if (stamps.verdict(path, entry.dependencies, entry.mark, entry.incarnation) !== 'valid') return undefined;",
        replace: '',
      },
    ],
  },
  {
    guard: 'what is promoted keeps the time that it has left',
    edits: [
      {
        file: 'engine/read.ts',
        find: 'this.#shelves.isolated({ ...entry, freshUntil, mark }, level, quest.terms);',
        replace:
          'this.#shelves.isolated({ ...entry, freshUntil: now + quest.terms.ttl, keptUntil: Infinity, mark }, level, quest.terms);',
      },
    ],
  },
  {
    guard: 'patterns are matched',
    edits: [
      {
        file: 'engine/stamp-table.ts',
        find: 'ruledAfter(mark: Mark, path: Path, soft: boolean): Mark {',
        replace: 'ruledAfter(mark: Mark, path: Path, soft: boolean): Mark { return 0;',
      },
    ],
  },
  {
    guard: 'a strong read asks the log first',
    edits: [
      {
        file: 'engine/read.ts',
        find: "if (consistency === 'strong' || !current)",
        replace: 'if (!current)',
      },
    ],
  },
  {
    guard: 'a log that answers at once is looked at before a read',
    setups: ['file'],
    edits: [
      {
        file: 'engine/authority.ts',
        find: 'if (log.sync && log.pollEvery !== undefined) void this.pull();',
        replace: '',
      },
    ],
  },
  {
    guard: 'what is known is compared after the time has been read',
    setups: ['file'],
    edits: [
      {
        file: 'stores/memory-shelf.ts',
        find: 'if (all.checks[at + 1] <= this.#clock.time && !this.#isEasyNow(slot)) return MISS;',
        replace: '',
      },
      {
        file: 'stores/memory-shelf.ts',
        find: 'all.policy.touch(slot);\n    return all.values[slot];',
        replace:
          'if (all.checks[at + 1] <= this.#clock.time && !this.#isEasyNow(slot)) return MISS; return all.values[slot];',
      },
    ],
  },
  {
    guard: 'who resumes at a mirror vouches for nothing before it has caught up',
    setups: ['disk'],
    edits: [
      { file: 'engine/authority.ts', find: 'stamps.join(start, position.head);', replace: 'stamps.join(start);' },
    ],
  },
  {
    guard: 'a mirror that is behind what was applied and forgotten is not believed',
    setups: ['disk'],
    edits: [{ file: 'engine/stamps.ts', find: '&& recalled.head >= this.#table.floor;', replace: ';' }],
  },
  {
    guard: 'a mirror is told of a gap',
    setups: ['disk'],
    edits: [
      {
        file: 'engine/recorder.ts',
        find: 'this.#from = this.#to = head;',
        replace: 'this.#to = head; this.#from ||= head;',
      },
    ],
  },
];

/**
 * Guards whose lack is found once in thousands of schedules: `found.test.ts` or a promise has them step by step, a soak
 * plays them.
 */
const RARE: typeof MUTATIONS = [
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
    guard: 'a commit that was given up for lost brings no value',
    setups: ['shared'],
    edits: [
      {
        file: 'engine/write.ts',
        find: 'backend?.store.sync === true && keep',
        replace: 'backend !== undefined && keep',
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
];

describe('without the guard the model fails:', () => {
  test.each([...MUTATIONS, ...(process.env['SOAK'] === '1' ? RARE : [])].map((mutation, i) => ({ ...mutation, i })))(
    '$guard',
    { timeout: 600_000 },
    async (mutation) => {
      const engine = await mutant(mutation, `m${mutation.i}`);
      const setups = mutation.setups ?? SETUPS;
      for (let seed = 1; seed <= MOST; seed++)
        for (const setup of setups) {
          const { violation } = await play(engine, setup, seed);
          if (violation === undefined) continue;
          console.log(`${mutation.guard}: found by MODEL_SEED=${setup}:${seed}: ${violation.slice(0, 120)}`);
          expect(violation).toBeTypeOf('string');
          return;
        }
      expect.fail(`${setups.length * MOST} schedules found nothing wrong`);
    },
  );
});
