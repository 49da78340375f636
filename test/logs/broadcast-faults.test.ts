/** An acknowledged change is seen by whoever asks later, whatever becomes of messages and participants. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { seededRandom } from 'tidemark/testing';
import { faultsOf, settled, type Tab, World } from './broadcast-world.ts';

const SEEDS = process.env['SOAK'] ? 5000 : 150;
const STEPS = 250;

afterEach(() => void vi.restoreAllMocks());

/** Live through a schedule made by chance; with `harm` messages are lost, doubled and overtaken, too. */
async function live(world: World, seed: number, harm: boolean): Promise<void> {
  const random = seededRandom(seed);
  vi.spyOn(crypto, 'randomUUID').mockImplementation(() => `a-b-c-${random()}-${random()}`);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  for (let i = 0; i < 3; i++) world.open();
  for (let step = 0; step < STEPS; step++) {
    const tab = pick(world.awake);
    const act = random();
    if (!tab || act < 0.02) wake(world, pick(world.tabs.filter(({ asleep }) => asleep)));
    else if (act < 0.25) void world.ask(tab, random() < 0.5 ? 'append' : 'position');
    else if (act < 0.45) world.hand(tab, 'told')?.();
    else if (act < 0.47) tab.asleep = true;
    else if (act < 0.475 && world.awake.length > 1) world.kill(tab);
    else if (act < 0.48 && world.tabs.length < 6) world.open();
    else if (act < 0.55) tab.clock.advance(random() < 0.1 ? 1000 : 50);
    else if (!harm) world.hand(tab, 'messages')?.();
    else if (act < 0.58) world.hand(tab, 'messages', random); // lost
    else {
      const message = world.hand(tab, 'messages', random);
      message?.();
      if (message && act < 0.6) tab.messages.push(message); // comes again
    }
    await settled();
  }
  for (const tab of world.tabs) wake(world, tab);
  await world.calm(3000);
  for (const tab of world.awake) void world.ask(tab, 'append');
  await world.calm(3000);
}

function wake({ tabs }: World, tab: Tab | undefined): void {
  if (tab && tabs.includes(tab)) tab.asleep = false;
}

describe.each([
  { seats: 'locks', harm: true, what: 'with locks: messages are lost, doubled, late, overtaken' },
  { seats: 'words', harm: false, what: 'without locks: messages are late' },
] as const)('$what; participants sleep, die and come', ({ seats, harm }) => {
  test(`in ${SEEDS} schedules every answer is of the one log there was`, { timeout: 120_000 }, async () => {
    let changes = 0;
    let incarnations = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = new World(seats);
      await live(world, seed, harm);
      expect(faultsOf(world.done), `seed ${seed}`).toEqual([]);
      const last = world.done.slice(-world.awake.length);
      expect(new Set(last.map(({ incarnation }) => incarnation)).size, `seed ${seed}: all go on, in one log`).toBe(1);
      changes += world.done.filter(({ operation }) => operation === 'append').length;
      incarnations += new Set(world.done.map(({ incarnation }) => incarnation)).size;
    }
    expect(changes).toBeGreaterThan(SEEDS * 5); // something was done at all
    expect(incarnations).toBeGreaterThan(SEEDS); // and keepers were replaced
  });
});

test('the first participant works at once', async () => {
  for (const seats of ['locks', 'words'] as const) {
    const world = new World(seats);
    const tab = world.open();
    void world.ask(tab, 'append');
    await world.calm(60);
    expect(world.done.map(({ head }) => head)).toEqual([1]);
  }
});

test('a keeper that was replaced in its sleep answers nobody when it wakes up, itself included', async () => {
  for (const seats of ['locks', 'words'] as const) {
    const world = new World(seats);
    const keeper = world.open();
    await world.calm(100);
    const [second, third] = [world.open(), world.open()];
    void world.ask(second, 'append');
    await world.calm(50);
    keeper.asleep = true;
    void world.ask(second, 'append');
    await world.calm(700);
    const [first, after] = world.done;
    expect(after.incarnation).not.toBe(first.incarnation);
    keeper.asleep = false;
    void world.ask(keeper, 'position'); // before it has heard of anything
    void world.ask(third, 'position');
    await world.calm(50);
    expect(world.done.slice(2).map(({ incarnation, head }) => [incarnation, head])).toEqual([
      [after.incarnation, after.head],
      [after.incarnation, after.head],
    ]);
  }
});

test('of participants that all take the place of a silent keeper at the same moment one stays', async () => {
  for (const seats of ['locks', 'words'] as const) {
    const world = new World(seats);
    const tabs = [1, 2, 3, 4].map(() => world.open());
    await world.calm(200);
    for (const tab of tabs) void world.ask(tab, 'append');
    for (const tab of tabs) tab.clock.advance(700); // and nothing is handed over meanwhile
    await world.calm(1000);
    for (const tab of tabs) void world.ask(tab, 'append');
    await world.calm(100);
    expect(world.done.length).toBe(8);
    expect(new Set(world.done.slice(4).map(({ incarnation }) => incarnation)).size).toBe(1);
    expect(faultsOf(world.done)).toEqual([]);
  }
});
