/** A state that isn't in memory is made from the nearest one before it, and of the operations only those between are read. */
import { describe, expect, test } from 'vitest';
import { driveActions, textList, textListActions, DocumentHistory } from 'tidemark/testing';
import { driveOf, executed, right, seen, setUp } from './support/set-up.ts';
import { WatchedOperations } from './support/watched.ts';

/** Operations of a history, and keyframes of every tenth, as another process has left them. */
async function leftBehind(length: number) {
  const history = driveOf(length);
  const first = await setUp([history]);
  for (let i = 10; i < length; i += 10) {
    await first.read(history, i);
    await first.keyframesWritten();
  }
  const { source, store } = first;
  source.reset();
  store.calls.get = 0;
  const second = await setUp([], { source, store });
  return { ...second, history };
}

describe('a head read after a restart', () => {
  test.each([
    [201, 0],
    [208, 7],
    [210, 9],
  ])('of %i operations begins at the newest keyframe', async (length, distance) => {
    const { read, history, cache, source } = await leftBehind(length);
    expect(seen(await read(history))).toEqual(right(history));
    expect(cache.stats()).toMatchObject({ resumed: 1, cold: 0, replayed: distance });
    // The document's own operation, the one at the keyframe, and those after it.
    expect(source.rows).toBe(1 + 1 + distance);
    expect(source.calls.getHeads).toBe(1);
    for (const { scope, after } of source.asked) if (scope === 'global') expect(after).toBe(length - distance - 2);
  });

  test('costs what lies behind the keyframe, however long the stream is', async () => {
    const costs: number[] = [];
    for (const length of [105, 405]) {
      const { read, history, source, store } = await leftBehind(length);
      await read(history);
      costs.push(source.rows + 100 * source.count + 1000 * store.calls.get);
    }
    expect(costs[1]).toBe(costs[0]);
  });
});

test('any revision is made from the keyframe before it', async () => {
  const { read, history, cache } = await leftBehind(60);
  for (const target of [59, 44, 30, 29, 15, 10, 3]) {
    cache.clear();
    const before = cache.stats();
    expect(seen(await read(history, target))).toEqual(right(history, target));
    const { replayed, resumed } = cache.stats();
    expect(replayed - before.replayed).toBe(target < 10 ? target + 1 : target % 10);
    expect(resumed - before.resumed).toBe(target < 10 ? 0 : 1);
  }
});

describe('a warm read', () => {
  test('reads from its base to its target, in one question', async () => {
    const history = driveOf(300);
    const { read, source, cache } = await setUp([history], { store: 'none' });
    await read(history, 200);
    source.reset();
    expect(seen(await read(history, 207))).toEqual(right(history, 207));
    expect(source.asked).toEqual([{ scope: 'global', after: 199, until: 207 }]);
    expect(source.rows).toBe(8);
    expect(source.calls.getHeads).toBe(1);
    expect(cache.stats()).toMatchObject({ warm: 1, replayed: 208 });
  });

  test('takes the nearest older state of several', async () => {
    const history = driveOf(60);
    const { read, source } = await setUp([history], { store: 'none' });
    for (const target of [10, 40, 20, 50]) await read(history, target);
    source.reset();
    expect(seen(await read(history, 35))).toEqual(right(history, 35));
    expect(source.asked).toEqual([{ scope: 'global', after: 19, until: 35 }]);
  });

  test('does not ask for keyframes when there is something near in memory', async () => {
    const { read, history, store } = await leftBehind(60);
    await read(history, 40);
    store.calls.get = 0;
    await read(history, 59);
    expect(store.calls.get).toBe(0);
  });

  test('takes a keyframe that is much nearer than what is in memory', async () => {
    const { read, history, cache } = await leftBehind(240);
    await read(history, 3);
    const { replayed } = cache.stats();
    expect(seen(await read(history, 235))).toEqual(right(history, 235));
    expect(cache.stats()).toMatchObject({ resumed: 1, warm: 0, replayed: replayed + 5 });
  });

  test('goes back behind an undo as far as it must, and no further', async () => {
    const history = driveOf(50);
    const { read, append, source, cache } = await setUp([history], { store: 'none', ringBufferSize: 60 });
    for (let i = 40; i < 50; i++) await read(history, i);
    for (let i = 0; i < 4; i++) history.undo();
    history.add(driveActions.addFolder('after'));
    await append(history);
    const { replayed } = cache.stats();
    source.reset();
    expect(seen(await read(history))).toEqual(right(history));
    // 49, 48, 47 and 46 were taken back; what leads from 45 to the end are four NOOPs and the new one... of its parents.
    expect(cache.stats()).toMatchObject({ warm: 1 + 9 });
    expect(cache.stats().replayed - replayed).toBeLessThanOrEqual(5);
    for (const { after } of source.asked) expect(after).toBeGreaterThanOrEqual(44);
  });
});

test('a cold read asks for a page of a hundred after the other, each once', async () => {
  const history = driveOf(250);
  const { read, source, cache } = await setUp([history], { store: 'none' });
  source.reset();
  expect(seen(await read(history))).toEqual(right(history));
  expect(source.rows).toBe(251);
  expect(source.calls).toEqual({ getHeads: 1, getSince: 1 + 3 });
  expect(cache.stats()).toMatchObject({ cold: 1, replayed: 250 });
});

test('the life of a document is read once, then only what was appended to it', async () => {
  const history = driveOf(3);
  const { read, append, source } = await setUp([history]);
  await read(history);
  await read(history, 1);
  for (let i = 0; i < 5; i++) {
    history.add(driveActions.setName(`name ${i}`, 'document'));
    await append(history);
    source.reset();
    expect(seen(await read(history))).toEqual(right(history));
    expect(source.asked.filter(({ scope }) => scope === 'document')).toEqual([
      { scope: 'document', after: i - 1, until: i + 1 },
    ]);
  }
});

test('a put state is a base for what others append after it', async () => {
  const history = driveOf(30);
  const { read, append, source, cache } = await setUp([history], { store: 'none' });
  const before = await read(history);
  history.add(driveActions.addFolder('mine'));
  await append(history);
  cache.putState('document-1', '', 'global', 'main', 30, executed(history, before));
  history.add(driveActions.addFolder('of another'));
  await append(history);
  source.reset();
  expect(seen(await read(history))).toEqual(right(history));
  expect(source.asked).toEqual([{ scope: 'global', after: 29, until: 31 }]);
  expect(cache.stats()).toMatchObject({ warm: 1, replayed: 31 });
});

test.each(['revision', 'timestamp'] as const)(
  'what a long rebuild leaves on its way is right at the boundary of an upgrade, told by %s',
  async (boundary) => {
    for (let pause = 1; pause <= 6; pause++) {
      const history = new DocumentHistory({ model: textList, version: 1 });
      for (let i = 0; i < 3; i++) history.add(textListActions.insert(0, `text ${i}`));
      history.upgrade(2, { boundary });
      for (let i = 0; i < 3; i++) history.add(textListActions.setDone(i, true));
      const source = new WatchedOperations();
      const first = await setUp([history], { source, keyframeInterval: 1 });
      // Time passes quickly for a while: so many operations take longer than a slice.
      const { clock } = first;
      const now = clock.now.bind(clock);
      let left = 40;
      clock.now = () => {
        if (left-- > 0 && left % pause === 0) clock.advance(21);
        return now();
      };
      expect(seen(await first.read(history))).toEqual(right(history));
      clock.now = now;
      await first.keyframesWritten();
      const { store } = first;
      for (let target = 0; target < 6; target++) {
        const second = await setUp([], { source, store, keyframePolicy: () => false });
        expect(seen(await second.read(history, target))).toEqual(right(history, target));
      }
      const third = await setUp([], { source, store });
      expect(await third.cache.verify('document-1')).toMatchObject({ wrong: [] });
    }
  },
);
