/** Links that a test can spoil: a TCP proxy on a free port of this machine. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** One connection through the proxy, from the one who opened it to the server. */
class Link {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #proxy: TcpProxy;
  #dead = false;
  /** What the one who opened it has sent last, in capitals. */
  lastSent = '';

  constructor(near: Socket, far: Socket, proxy: TcpProxy) {
    this.#near = near;
    this.#far = far;
    this.#proxy = proxy;
    near.on('data', (bytes: Buffer) => (this.lastSent = bytes.toString('latin1').toUpperCase()));
    this.#carry(near, far);
    this.#carry(far, near);
  }

  #carry(from: Socket, to: Socket): void {
    let before = Promise.resolve();
    const inOrder = (pass: () => void) => {
      const due = this.#proxy.due();
      before = before.then(async () => {
        await due;
        await this.#proxy.open();
        if (!this.#dead) pass();
      });
    };
    from.on('data', (bytes) => inOrder(() => to.write(bytes)));
    from.on('error', () => {});
    from.on('close', () => inOrder(() => to.destroy()));
  }

  /** Nothing passes any more, and neither end hears of it. */
  silence(): void {
    this.#dead = true;
  }

  /** Both ends learn at once that it is broken. */
  reset(): void {
    this.#dead = true;
    this.#near.resetAndDestroy();
    this.#far.resetAndDestroy();
  }

  get over(): boolean {
    return this.#near.destroyed && this.#far.destroyed;
  }
}

const PASSED = Promise.resolve();

/** Stands between programs and a server that listens on a port of this machine. */
export class TcpProxy {
  readonly #server: Server;
  #links: readonly Link[] = [];
  #gate: Promise<void> = PASSED;
  #unlock = () => {};
  #refusing = false;
  #delay = 0;

  private constructor(to: number) {
    this.#server = createServer((near) => {
      if (this.#refusing) near.resetAndDestroy();
      else this.#links = [...this.#links.filter(({ over }) => !over), new Link(near, connect(to, '127.0.0.1'), this)];
    });
  }

  /** A proxy before a server. Close it when the test is over. */
  static async to(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** Where it listens. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many links there are on which something has been sent and that aren't broken. */
  get links(): number {
    return this.#links.filter(({ over, lastSent }) => !over && lastSent !== '').length;
  }

  /** Break every link with a reset, and each new one as soon as it comes. */
  cut(): void {
    this.#refusing = true;
    for (const link of this.#links) link.reset();
  }

  /** Break the links on which this text (in capitals) was sent last; answers how many. New ones are welcome. */
  cutWhere(text: string): number {
    return this.#where(text, (link) => link.reset());
  }

  /** Links that are open now are dead from now on without either end being told; on new ones nothing passes before {@link heal}. */
  silence(): void {
    for (const link of this.#links) link.silence();
    this.stall();
  }

  /** The same for the links on which this text (in capitals) was sent last; answers how many. New ones are welcome. */
  silenceWhere(text: string): number {
    return this.#where(text, (link) => link.silence());
  }

  #where(text: string, spoil: (link: Link) => void): number {
    const found = this.#links.filter((link) => !link.over && link.lastSent.includes(text));
    for (const link of found) spoil(link);
    return found.length;
  }

  /** Nothing passes, and nothing is lost: it comes after {@link heal}. */
  stall(): void {
    if (this.#gate === PASSED) this.#gate = new Promise((resolve) => (this.#unlock = resolve));
  }

  /** Whatever is sent takes so many milliseconds longer each way. */
  delay(ms: number): void {
    this.#delay = ms;
  }

  /** From now on everything passes at once. */
  heal(): void {
    this.#refusing = false;
    this.#delay = 0;
    this.#unlock();
    this.#gate = PASSED;
  }

  /** For links: resolves when what comes in now is due. */
  due(): Promise<unknown> {
    return this.#delay === 0 ? PASSED : new Promise((resolve) => setTimeout(resolve, this.#delay));
  }

  /** For links: resolves when something may pass. */
  open(): Promise<void> {
    return this.#gate;
  }

  /** Break everything and listen no more. */
  async close(): Promise<void> {
    this.cut();
    this.heal();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
