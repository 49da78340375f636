/** A wire between a process and Redis that can be cut and healed: all of it, or only what a bus goes through. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What of a link is cut. `'bus'`: the connections that have subscribed, or wait for news. */
export type Cut = 'all' | 'bus';

/** Commands that make a connection one of a bus. */
const LISTENS = /\r\n(?:p?subscribe|xread)\r\n/i;

interface Wire {
  readonly near: Socket;
  readonly far: Socket;
  bus: boolean;
}

/** Passes bytes on to a server. A cut closes connections with a reset, and lets none come back until it is healed. */
export class Link {
  readonly #server: Server;
  readonly #wires = new Set<Wire>();
  #cut: Cut | undefined;

  private constructor(to: number) {
    this.#server = createServer((near) => this.#join(near, to));
  }

  /** A link to a server on this machine. */
  static async to(port: number): Promise<Link> {
    const link = new Link(port);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  /** Where it is to be connected to. */
  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  /** How many connections of a bus go through it. */
  get listeners(): number {
    return [...this.#wires].filter(({ bus }) => bus).length;
  }

  cut(what: Cut): void {
    this.#cut = what;
    for (const wire of this.#wires) this.#judge(wire);
  }

  heal(): void {
    this.#cut = undefined;
  }

  close(): void {
    this.#server.close();
    for (const wire of this.#wires) part(wire);
  }

  #join(near: Socket, to: number): void {
    const far = connect(to, '127.0.0.1');
    const wire: Wire = { near, far, bus: false };
    this.#wires.add(wire);
    near.setNoDelay(true);
    far.setNoDelay(true);
    let tail = '';
    near.on('data', (bytes: Buffer) => {
      tail = tail.slice(-32) + bytes.toString('latin1');
      wire.bus ||= LISTENS.test(tail);
      this.#judge(wire);
      if (!far.destroyed) far.write(bytes);
    });
    far.on('data', (bytes) => near.write(bytes));
    for (const end of [near, far]) {
      end.on('error', () => {});
      end.on('close', () => {
        this.#wires.delete(wire);
        part(wire);
      });
    }
    this.#judge(wire);
  }

  #judge(wire: Wire): void {
    if (this.#cut === 'all' || (this.#cut === 'bus' && wire.bus)) part(wire);
  }
}

function part({ near, far }: Wire): void {
  if (!near.destroyed) near.resetAndDestroy();
  far.destroy();
}
