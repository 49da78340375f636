/** A log whose reads take their time, for tests: everything else of it is a log in memory. */
import type { Call, ChangeLog, Clock } from 'tidemark';
import { localLog } from 'tidemark/logs/local';

/** `ms`: how long a read takes. It is never polled by itself. */
export function slowLog({ clock, ms }: { readonly clock: Clock; readonly ms: number }): ChangeLog {
  const log = localLog();
  return {
    sync: false,
    pollEvery: 1e9,
    append: async (change, call) => log.append(change, call),
    position: async (call: Call) => log.position(call),
    stamps: async (dependencies, call) => log.stamps(dependencies, call),
    read: async (after, call) => {
      await new Promise<void>((resolve) => clock.after(ms, resolve));
      return log.read(after, call);
    },
  };
}
