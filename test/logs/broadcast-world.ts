/** Participants of a broadcast log on a channel that does as a test likes: every message waits until it is handed over. */
import { type BroadcastLog, broadcastLog, type Channel } from 'tidemark/logs/broadcast';
import { manualClock } from 'tidemark/testing';
import type { Random } from 'tidemark';
import { LockManager } from './lock-manager.ts';

/** What an operation answered, and at which steps it was asked and answered. */
export interface Done {
  readonly operation: 'append' | 'position';
  readonly asked: number;
  readonly answered: number;
  readonly incarnation: string;
  readonly head: number;
}

/** One participant: a tab or a thread, with what waits for it. */
export class Tab {
  readonly messages: (() => void)[] = [];
  readonly told: (() => void)[] = []; // by the lock manager
  readonly clock: ReturnType<typeof manualClock> = manualClock();
  log!: BroadcastLog;
  asleep = false;
  gone = false;
}

/** A channel of a tab, and who listens to it. */
interface Place {
  readonly tab: Tab;
  readonly channel: Channel;
  hear?: (event: { readonly data: unknown }) => void;
}

/** The participants, their channel, and what they were answered. */
export class World {
  readonly tabs: Tab[] = [];
  readonly done: Done[] = [];
  readonly #manager: LockManager | undefined;
  readonly #clients = new Map<Tab, { die(): void }>();
  readonly #listeners: Place[] = [];
  #step = 0;

  constructor(seats: 'locks' | 'words') {
    this.#manager = seats === 'locks' ? new LockManager() : undefined;
  }

  /** A new participant. */
  open(): Tab {
    const tab = new Tab();
    const client = this.#manager?.client((task) => tab.told.push(task));
    if (client) this.#clients.set(tab, client);
    this.tabs.push(tab);
    tab.log = broadcastLog({
      name: 'w',
      channel: () => this.#channel(tab),
      locks: client ?? false,
      clock: tab.clock,
      patience: 600,
    });
    return tab;
  }

  #channel(tab: Tab): Channel {
    const place: Place = {
      tab,
      channel: {
        addEventListener: (_, hear) => void (place.hear = hear),
        postMessage: (message) => {
          const data = structuredClone(message);
          for (const one of this.#listeners)
            if (one !== place && one.hear && !one.tab.gone) one.tab.messages.push(() => one.hear!({ data }));
        },
        close: () => {},
      },
    };
    this.#listeners.push(place);
    return place.channel;
  }

  /** Ask something, and note when it was asked and answered. What is refused says nothing. */
  ask({ log }: Tab, operation: 'append' | 'position'): Promise<void> {
    const asked = ++this.#step;
    const { signal } = new AbortController();
    const work = operation === 'append' ? log.append(['=/w/a'], { signal }) : log.position({ signal });
    return work.then(
      ({ incarnation, head }) => void this.done.push({ operation, asked, answered: ++this.#step, incarnation, head }),
      () => {},
    );
  }

  /** It ends without a word. */
  kill(tab: Tab): void {
    tab.gone = true;
    tab.messages.length = tab.told.length = 0;
    this.#clients.get(tab)?.die();
  }

  /** Those who are alive and awake. */
  get awake(): Tab[] {
    return this.tabs.filter(({ asleep, gone }) => !asleep && !gone);
  }

  /** Hand over one waiting thing, if there is one: the oldest, or, with `chance`, any message. */
  hand(tab: Tab, from: 'messages' | 'told', chance?: Random): (() => void) | undefined {
    const at = chance && from === 'messages' ? Math.floor(chance() * tab[from].length) : 0;
    const [task] = tab[from].splice(at, 1);
    return task;
  }

  /** All is well for a while: everything is handed over, and time passes. */
  async calm(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      for (let busy = true; busy;) {
        busy = false;
        for (const tab of this.awake)
          for (const from of ['told', 'messages'] as const) {
            const task = this.hand(tab, from);
            task?.();
            busy ||= task !== undefined;
          }
        await settled();
      }
      for (const tab of this.awake) tab.clock.advance(10);
      await settled();
    }
  }
}

/** Resolves when all microtasks have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * What is wrong with a history: a change that was acknowledged and isn't seen by what was asked later, a mark that was
 * given twice, an incarnation that came back.
 */
export function faultsOf(done: readonly Done[]): string[] {
  const faults: string[] = [];
  const places = done.filter(({ operation }) => operation === 'append').map((one) => `${one.incarnation} ${one.head}`);
  if (new Set(places).size < places.length) faults.push('a mark was given twice');
  const before = new Map<string, Set<string>>();
  for (const first of done)
    for (const second of done) {
      if (first.answered > second.asked) continue;
      if (first.incarnation === second.incarnation) {
        const due = second.operation === 'append' && first.operation === 'append' ? first.head + 1 : first.head;
        if (second.head < due) faults.push(`${second.operation} at ${second.asked} doesn't see ${first.answered}`);
      } else before.set(first.incarnation, (before.get(first.incarnation) ?? new Set()).add(second.incarnation));
    }
  for (const [one, later] of before)
    for (const other of later) if (before.get(other)?.has(one)) faults.push('an incarnation came back');
  return faults;
}
