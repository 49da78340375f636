/** A lock manager in memory, as browsers have one: exclusive locks in the order of asking, theft, and answers in order. */
import type { Locks } from 'tidemark/logs/broadcast';

interface Request {
  readonly client: LockClient;
  readonly name: string;
  readonly grant: () => void;
  readonly reject: (error: Error) => void;
}

type Deliver = (task: () => void) => void;

/** What all clients share. What it tells a client goes through that client's `deliver`, in the order in which it happened. */
export class LockManager {
  readonly holders: Map<string, Request> = new Map();
  readonly queue: Request[] = [];

  /** The manager as one page sees it. */
  client(deliver: Deliver = queueMicrotask): LockClient {
    return new LockClient(this, deliver);
  }

  grant(request: Request): void {
    this.holders.set(request.name, request);
    request.client.deliver(request.grant);
  }

  release(request: Request): void {
    if (this.holders.get(request.name) !== request) return;
    this.holders.delete(request.name);
    this.grantNext(request.name);
  }

  grantNext(name: string): void {
    const at = this.holders.has(name) ? -1 : this.queue.findIndex((request) => request.name === name);
    if (at >= 0) this.grant(this.queue.splice(at, 1)[0]);
  }
}

/** One page's view of the lock manager. */
export class LockClient implements Locks {
  readonly #manager: LockManager;
  readonly deliver: Deliver;

  constructor(manager: LockManager, deliver: Deliver) {
    this.#manager = manager;
    this.deliver = deliver;
  }

  request(
    name: string,
    { steal = false, signal }: { readonly steal?: boolean; readonly signal?: AbortSignal },
    held: () => Promise<void>,
  ): Promise<unknown> {
    const manager = this.#manager;
    return new Promise((resolve, reject) => {
      const grant = () =>
        void held().then(() => {
          manager.release(request);
          resolve(undefined);
        });
      const request: Request = { client: this, name, grant, reject };
      signal?.addEventListener('abort', () => {
        const at = manager.queue.indexOf(request);
        if (at < 0) return;
        manager.queue.splice(at, 1);
        reject(signal.reason as Error);
      });
      if (steal) {
        const robbed = manager.holders.get(name);
        robbed?.client.deliver(() => robbed.reject(new DOMException('stolen', 'AbortError')));
        manager.grant(request);
      } else {
        manager.queue.push(request);
        manager.grantNext(name);
      }
    });
  }

  query(): Promise<{ readonly held: readonly { readonly name: string }[] }> {
    const held = [...this.#manager.holders.keys()].map((name) => ({ name }));
    return new Promise((resolve) => this.deliver(() => resolve({ held })));
  }

  /** The page is gone: so is all that it held or waited for. */
  die(): void {
    const { holders, queue } = this.#manager;
    for (const request of queue.filter(({ client }) => client === this)) queue.splice(queue.indexOf(request), 1);
    const held = Array.from(holders.values()).filter(({ client }) => client === this);
    for (const request of held) this.#manager.release(request);
  }
}
