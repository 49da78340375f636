/** What warming is for: how the first reads after a deploy do, with it and without. */
import { expect, test } from 'vitest';
import { createCache } from 'tidemark';
import {
  type CatalogueStore,
  createCatalogue,
  createRepository,
  createWarmer,
  memorySource,
  type WarmPlan,
} from 'tidemark/content';
import { manualClock, seededRandom } from 'tidemark/testing';
import { type Post, post } from './support.ts';

const ITEMS = 5000;
const PAGES = 200;
const HOT = 400; // what is warmed

/** Whole numbers below `count`, drawn by Zipf's law with the exponent 1. */
const zipf = (count: number, random: () => number) => {
  const sums: number[] = [];
  for (let i = 0; i < count; i++) sums.push((sums.at(-1) ?? 0) + 1 / (i + 1));
  return () => {
    const drawn = random() * sums[count - 1];
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
};

/** One process of a CMS: its memory is empty when it starts. */
const deploy = async (store: CatalogueStore, seed: number) => {
  const clock = manualClock();
  const cache = createCache({ clock });
  const source = memorySource<Post>();
  await source.create(Array.from({ length: ITEMS }, (_, i) => post(String(i))));
  const catalogue = createCatalogue({ store, clock });
  const posts = catalogue.watch(
    'post',
    createRepository<Post>({ cache, name: 'post', source, fields: { status: 'text' } }),
  );
  const random = seededRandom(seed);
  const [item, page] = [zipf(ITEMS, random), zipf(PAGES, random)];
  const serve = async (reads: number) => {
    for (let i = 0; i < reads; i++)
      await (random() < 0.7 ? posts.findById(String(item())) : posts.findMany({ limit: 20, offset: 20 * page() }));
  };
  const plans: WarmPlan[] = [{ name: 'hot', on: ['startup'], read: ({ hottest }) => hottest(HOT) }];
  const warmer = createWarmer({ cache, catalogue, clock, plans });
  /** The share of the next reads that are hits. */
  const hitRatio = async (reads: number) => {
    const before = cache.stats();
    await serve(reads);
    const after = cache.stats();
    return (after.hits - before.hits) / (after.reads - before.reads);
  };
  return { serve, warmer, catalogue, hitRatio };
};

test('after a deploy, the next 1,000 reads of a Zipf workload hit more often with warming than without', async () => {
  let kept: unknown;
  const store: CatalogueStore = {
    read: async () => kept,
    write: async (value) => {
      kept = value;
    },
  };
  const before = await deploy(store, 1);
  await before.serve(40_000);
  await before.catalogue.save();

  const cold = await (await deploy(store, 2)).hitRatio(1000);
  const warmed = await deploy(store, 2);
  const report = await warmed.warmer.startup();
  const warm = await warmed.hitRatio(1000);
  const { watched, used } = warmed.warmer.stats().plans['hot'];

  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  console.log(
    `hit ratio of the next 1,000 reads: ${percent(cold)} cold, ${percent(warm)} after ${report.warmed} readings were ` +
      `warmed, of which ${used} were read`,
  );
  expect(report).toMatchObject({ warmed: HOT, failed: 0, loads: HOT });
  expect(watched).toBe(HOT);
  expect(warm).toBeGreaterThan(cold + 0.1);
  expect(used).toBeGreaterThan(HOT / 3);
}, 60_000);
