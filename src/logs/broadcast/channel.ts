/** The platform's channel between the tabs of an origin and the threads of a process. */

/** What is used of a `BroadcastChannel`: a message goes to every other channel of that name, not back to the sender. */
export interface Channel {
  addEventListener(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
  postMessage(message: unknown): void;
  close(): void;
}

/** Opens a channel. */
export type OpenChannel = (name: string) => Channel;

/** A channel of the platform that doesn't keep the process alive; undefined where there are none. */
export function platformChannel(name: string): Channel | undefined {
  const platform = globalThis as object as { BroadcastChannel?: new (name: string) => Channel & { unref?(): void } };
  if (!platform.BroadcastChannel) return undefined;
  const channel = new platform.BroadcastChannel(name);
  channel.unref?.();
  return channel;
}
