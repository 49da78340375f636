/** Of many processes that ask for the same cold key, one loads; if it dies meanwhile, another one does. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AskerOptions } from './children/asker.ts';
import { freshFolder } from './folder.ts';
import { bounded, type Program, start } from './program.ts';
import { LIMIT, often } from './scale.ts';
import { deferred } from '../support/deferred.ts';

const ASKERS = 4;

/** Loads of one key: who made them, in order; each waits until the value is given. */
class Loads {
  readonly #loaders: number[] = [];
  readonly #value = deferred<string>();
  #told = deferred();

  load(asker: number): Promise<string> {
    this.#loaders.push(asker);
    this.#told.resolve();
    this.#told = deferred();
    return this.#value.promise;
  }

  get loaders(): readonly number[] {
    return this.#loaders;
  }

  /** Resolves when so many loads have begun. */
  async begun(count: number): Promise<void> {
    while (this.#loaders.length < count) await bounded(this.#told.promise, `load ${count}`);
  }

  give(value: string): void {
    this.#value.resolve(value);
  }
}

/** Askers on one file, and the loads that they make. */
function askers(): { readonly all: readonly Program[]; readonly loadsOf: (key: string) => Loads } {
  const path = join(freshFolder(), 'cache');
  const loads = new Map<string, Loads>();
  const loadsOf = (key: string) => loads.get(key) ?? loads.set(key, new Loads()).get(key)!;
  const all = Array.from({ length: ASKERS }, (_, asker) =>
    start('asker', { path } satisfies AskerOptions, {
      load: ({ key }: { readonly key: string }) => loadsOf(key).load(asker),
    }),
  );
  return { all, loadsOf };
}

test('four processes that ask for a cold key at the same time make one load', { timeout: LIMIT }, async () => {
  const { all, loadsOf } = askers();
  for (let round = 0; round < often(10); round++) {
    const key = `cold ${round}`;
    await Promise.all(all.map((asker) => asker.ask('begin', { key })));
    await loadsOf(key).begun(1);
    loadsOf(key).give(`the value of ${key}`);
    const values = await Promise.all(all.map((asker) => asker.ask<string>('finish', { key })));
    expect(values).toEqual(all.map(() => `the value of ${key}`));
    expect(loadsOf(key).loaders).toHaveLength(1);
  }
  await Promise.all(all.map((asker) => asker.leave()));
});

test(
  'when the one that loads is killed, one other loads, however long the lease would still last',
  { timeout: LIMIT },
  async () => {
    const { all, loadsOf } = askers();
    const key = 'cold';
    await Promise.all(all.map((asker) => asker.ask('begin', { key })));
    const loads = loadsOf(key);
    await loads.begun(1);

    await all[loads.loaders[0]].kill();
    await loads.begun(2);
    loads.give('the value');

    const others = all.filter((_, asker) => asker !== loads.loaders[0]);
    const values = await Promise.all(others.map((asker) => asker.ask<string>('finish', { key })));
    expect(values).toEqual(others.map(() => 'the value'));
    expect(loads.loaders).toHaveLength(2);
    expect(loads.loaders[1]).not.toBe(loads.loaders[0]);
    await Promise.all(others.map((asker) => asker.leave()));
  },
);
