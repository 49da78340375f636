/** The part of the change log suite about stamps: never smaller than the truth, whatever kind of name is asked for. */
import { keyDependency, prefixDependency, softly } from '../engine/dependency.ts';
import { ensure, ensureEqual } from './expectations.ts';
import { ensureStamps, ruleOf, tagOf } from './log-model.ts';
import type { LogTests } from './log-trial.ts';
import type { Test } from './runner.ts';
import { awkwardPaths } from './samples.ts';
import { CALL } from './store-trial.ts';

/** The tests about stamps. */
export function stampTests(test: LogTests): readonly Test[] {
  const key = keyDependency(['s', 'post', '7']);
  const prefix = prefixDependency(['s', 'post']);
  const tag = tagOf('author:7');
  const unrelated = keyDependency(['s', 'unrelated']);
  const names = [key, prefix, tag, ...[key, prefix, tag].map(softly)];
  return [
    test('no dependency is asked, no stamp is answered', async ({ log }) => {
      ensureEqual((await log.stamps([], CALL)).stamps, [], 'the stamps of nothing');
    }),
    test('the stamp of a key, a prefix and a tag is at least the mark of its last change', async ({ log, model }) => {
      for (const change of [[key], [prefix], [tag], [tag, key], [prefix, tag], [key]]) {
        await model.append(log, ...change);
        await ensureStamps(log, model, names);
      }
    }),
    test('stamps are answered by position, a name asked twice twice', async ({ log, model }) => {
      await model.append(log, key);
      await model.append(log, tag);
      await ensureStamps(log, model, [tag, key, unrelated, tag, key]);
    }),
    test('a soft change is one of the soft twin', async ({ log, model }) => {
      for (const name of [key, prefix, tag]) {
        await model.append(log, softly(name));
        await ensureStamps(log, model, names);
      }
    }),
    test('a rule that matches a key changes it, a soft rule its soft twin', async ({ log, model }) => {
      const keys = [['s', 'post', '7'], ['s', 'post', '7', 'likes'], ['s', 'post'], ['s']].map(keyDependency);
      const asked = [...keys, ...keys.map(softly), prefix, tag];
      for (const pattern of ['s:post:*', 's:**', '**:7', 's:post:7', 's:*:*:likes', '**']) {
        await model.append(log, ruleOf(pattern));
        await ensureStamps(log, model, asked);
        await model.append(log, softly(ruleOf(pattern)));
        await ensureStamps(log, model, asked);
      }
    }),
    test('names that look alike have stamps of their own', async ({ log, model }) => {
      const alike = awkwardPaths.flatMap((path) => [keyDependency(path), prefixDependency(path)]);
      for (const name of alike) await model.append(log, name);
      await ensureStamps(log, model, alike);
    }),
    test('what never changed in a new log is not said to have changed', async ({ log, model }) => {
      const first = await model.append(log, unrelated);
      for (const change of [[tag], [softly(key)], [ruleOf('s:user:*')], [softly(ruleOf('s:post:*'))], [prefix]])
        await model.append(log, ...change);
      const never = [key, tagOf('author:8'), prefixDependency(['s', 'post', '7']), prefixDependency(['s'])];
      const stamps = await ensureStamps(log, model, never);
      stamps.forEach((stamp, i) => ensure(stamp < first, `${never[i]} never changed, and its stamp is ${stamp}`));
    }),
  ];
}
