/** Each guard of the cache is needed: with it taken out a check fails. Without this test checks that have gone blind would look like a cache without faults. */
import { describe, expect, test } from 'vitest';
import { createWriteCache } from 'tidemark/documents';
import { GUARDS } from './guards.ts';
import { mutant } from './support/mutant.ts';
import { CHECKS } from './support/quick-checks.ts';

test.each(Object.entries(CHECKS))('with all guards: %s', { timeout: 60_000 }, async (_, check) => {
  await expect(check(createWriteCache)).resolves.toBeUndefined();
});

describe('without the guard a check fails:', () => {
  test.each(GUARDS.map((guard, i) => ({ ...guard, i })))('$guard', { timeout: 60_000 }, async (guard) => {
    const create = await mutant(guard, `documents-${guard.i}`);
    for (const [name, check] of Object.entries(CHECKS)) {
      const wrong = await check(create).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      if (wrong === undefined) continue;
      console.log(`${guard.guard}: found by "${name}": ${wrong.slice(0, 100).replaceAll('\n', ' ')}`);
      expect(wrong).toBeTypeOf('string');
      return;
    }
    expect.fail('no check found anything wrong');
  });
});
