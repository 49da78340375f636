/** What befalls the place that nodes share, and the ways to it. */
import type { Fault } from './place.ts';
import type { Seat } from './seat.ts';
import type { World } from './world.ts';

/** The names of disruptions, and how likely each is. */
export const DISRUPTED: Readonly<Record<Fault | 'down' | 'stall' | 'up' | 'cut' | 'mend' | 'clock', number>> = {
  down: 1.5,
  stall: 1,
  up: 5,
  cut: 1.5,
  mend: 4,
  clock: 3,
  trim: 2.5,
  compact: 2,
  flush: 0.8,
  backup: 1,
  restore: 1,
  evict: 2,
};

/** One of them. */
export type Disruption = keyof typeof DISRUPTED;

export function isDisruption(command: string): command is Disruption {
  return command in DISRUPTED;
}

/** Let it happen. */
export function disrupt(world: World, seat: Seat, what: Disruption): void {
  const { network, mood, place, seats, chance } = world;
  world.trace?.(() =>
    what === 'cut' ? `${seat.peer.name} is cut off: ${mood.ways.join(' and ')}, ${mood.cuts}` : what,
  );
  switch (what) {
    case 'down':
      return network.turn('down');
    case 'stall':
      return network.turn('stalled');
    case 'up':
      return network.turn('up');
    case 'cut':
      return seat.link?.cut(mood.ways, mood.cuts);
    case 'mend':
      for (const { link } of seats) link?.mend();
      return;
    case 'clock':
      return world.setClock();
    default:
      if (what === 'evict' && seat.disk && chance.once(4)) seat.disk.forget();
      return place?.faults[what]?.(chance);
  }
}
