/** An LMDB file as a backend: entries, log and leases in one place, checked against each other in one transaction. */
import { everyDependency, type Leases } from '../../engine/backend.ts';
import type { Dependency } from '../../engine/dependency.ts';
import type { Entry } from '../../engine/entry.ts';
import type { Change, ChangeLog, Position } from '../../engine/log.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import type { Call, Stored } from '../../engine/store.ts';
import type { LmdbFile } from './file.ts';
import { rowOf, textOfStorageKey } from './keys.ts';
import { LmdbMirror } from './mirror.ts';
import type { LmdbBackend, LmdbStats, SweepOptions, Verification, VerifyOptions } from './offer.ts';
import { backUp, compact, verify } from './upkeep.ts';

/** The backend of one opening. */
export class FileBackend implements LmdbBackend {
  readonly name: string;
  readonly sync = true;
  readonly log: ChangeLog;
  readonly leases: Leases;
  readonly mirror: LmdbMirror;
  readonly file: LmdbFile;

  constructor(name: string, file: LmdbFile) {
    this.name = name;
    this.file = file;
    this.log = file.log;
    this.leases = file.leases;
    this.mirror = new LmdbMirror(file);
  }

  getMany(keys: readonly string[]): readonly (Entry | undefined)[] {
    const file = this.file;
    return file.environment.read(() => {
      file.environment.catchUp();
      return keys.map((key) => {
        const text = textOfStorageKey(key);
        const entry = file.read(text);
        if (entry) file.room.note(rowOf(text));
        return entry;
      });
    });
  }

  setMany(records: readonly Stored[], { signal }: Call): MaybePromise<readonly boolean[]> {
    const { environment } = this.file;
    const ready = records.map(({ key, entry }) => this.file.prepare(textOfStorageKey(key), entry));
    const bytes = ready.reduce((sum, { size }) => sum + size, 0);
    const store = () =>
      records.map((record, i) => {
        const fits = this.vouchesFor(record.entry, () => everyDependency(record.key, record.entry));
        if (fits) this.file.put(ready[i]);
        return fits;
      });
    return environment.write(store, { signal, bytes });
  }

  /** True unless one of these has changed since the entry's mark, as far as is known here. */
  vouchesFor(entry: Entry, dependencies: () => readonly Dependency[]): boolean {
    const { ledger, log } = this.file;
    const known = entry.incarnation === log.incarnation ? ledger : this.mirror.ledgerOf(entry.incarnation);
    if (!known) return false;
    const { standing } = known;
    if (entry.mark >= standing.head) return true;
    return dependencies().every((dependency) => known.stampOf(dependency, standing) <= entry.mark);
  }

  commit(change: Change, records: readonly Stored[], { signal }: Call): MaybePromise<Position> {
    const file = this.file;
    const ready = records.map(({ key, entry }) => file.prepareLater(textOfStorageKey(key), entry));
    const both = () => {
      const position = file.log.add(change);
      for (const entry of ready) file.put(entry.at(position.head));
      return position;
    };
    return file.environment.write(both, { signal, bytes: ready.reduce((sum, { size }) => sum + size, 0) });
  }

  deleteMany(keys: readonly string[], { signal }: Call): MaybePromise<void> {
    const { environment, entries } = this.file;
    return environment.write(() => keys.forEach((key) => entries.remove(rowOf(textOfStorageKey(key)))), { signal });
  }

  clear({ signal }: Call): MaybePromise<void> {
    const { environment, entries } = this.file;
    return environment.write(() => entries.clear(), { signal });
  }

  stats(): LmdbStats {
    const { environment, entries, ledger, counts, room } = this.file;
    return environment.read(() => ({
      ...entries.tally,
      changes: ledger.standing.head,
      damaged: counts.damaged,
      expired: counts.expired + room.expired,
      evicted: room.evicted,
    }));
  }

  sweep({ onSweep, signal }: SweepOptions = {}): Promise<number> {
    return this.file.sweep(onSweep, signal);
  }

  verify(options: VerifyOptions = {}): Promise<Verification> {
    return verify(this.file, options);
  }

  compact(): Promise<{ readonly before: number; readonly after: number }> {
    return compact(this.file);
  }

  backup(path: string): Promise<void> {
    return backUp(this.file, path);
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
