/** The guards of one process: what it may keep, serve and join. Each is a promise, and how it is taken out. */
import type { Mutation } from './mutant.ts';

export const READING: readonly Mutation[] = [
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
        find: "else if (verdict !== 'valid') return verdict;",
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
    setups: ['disk'],
    from: 170,
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
    from: 450,
    edits: [
      {
        file: 'engine/authority.ts',
        find: 'if (complete > stamps.applied) {',
        replace: 'stamps.advance(complete); if (false) {',
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
        find: 'if (!path.startsWith(this.#root)) return;',
        replace: 'if (path.length >= 0) return;',
      },
    ],
  },
  {
    guard: 'whether an entry is still right is looked at in the moment of storing',
    setups: ['shared'],
    edits: [
      {
        file: 'engine/shelves.ts',
        find: 'if (!this.#isRight(id, entry)) return undefined;',
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
        find: 'if (!this.#isRight(id, entry)) return undefined;',
        replace: '',
      },
    ],
  },
  {
    guard: 'what is promoted keeps the time that it has left',
    setups: ['shared'],
    from: 60,
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
        find: 'if (this.#o.log.sync) void this.pull();',
        replace: 'if (this.#o.log.sync) {}',
      },
    ],
  },
  {
    guard: 'what is known is compared after the time has been read',
    setups: ['file'],
    from: 650,
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
    from: 300,
    edits: [{ file: 'engine/authority.ts', find: 'stamps.join(start, upTo);', replace: 'stamps.join(start);' }],
  },
  {
    guard: 'a mirror that is behind what was applied and forgotten is not believed',
    setups: ['disk'],
    from: 900,
    edits: [{ file: 'engine/stamps.ts', find: '&& recalled.head >= this.#table.floor;', replace: ';' }],
  },
  {
    guard: 'a mirror is told of a gap',
    setups: ['disk'],
    from: 920,
    edits: [
      {
        file: 'engine/recorder.ts',
        find: 'this.#from = this.#to = head;',
        replace: 'this.#to = head; this.#from ||= head;',
      },
    ],
  },
];
