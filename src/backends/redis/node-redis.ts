/** Connections made from a client of node-redis: one server, a cluster, or whatever master a sentinel names. */
import { bufferOfPlatform, type Connector, type Link, type Reply, type Send, withBuffers } from './link.ts';

interface Emitter {
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** The part that clients of every kind share. */
interface Client extends Emitter {
  readonly isOpen: boolean;
  duplicate(overrides: object): unknown;
  connect(): Promise<unknown>;
  destroy(): unknown;
}

interface Single extends Client {
  sendCommand(args: readonly unknown[]): Promise<Reply>;
}

interface Cluster extends Client {
  readonly _options?: { readonly rootNodes?: readonly object[]; readonly defaults?: object };
  readonly masters: readonly object[];
  nodeClient(node: object): Promise<Single>;
  sendCommand(key: string | undefined, readOnly: boolean, args: readonly unknown[]): Promise<Reply>;
}

interface Sentinel extends Client {
  sendCommand(readOnly: boolean, args: readonly unknown[]): Promise<Reply>;
}

const BULK_TEXT = 36; // what the protocol marks with `$`

/** A server that is asked for the others and says nothing is given up after so many milliseconds. */
const SILENCE = 1500;

/** How to open connections like those of this client; undefined if it is no client of node-redis. */
export function nodeRedis(client: object): Connector | undefined {
  if (!('sendCommand' in client && 'duplicate' in client && 'connect' in client && 'destroy' in client))
    return undefined;
  if ('nodeClient' in client) return { cluster: true, open: () => clusterLink(client as unknown as Cluster) };
  if ('getMasterNode' in client) return { cluster: false, open: () => sentinelLink(client as unknown as Sentinel) };
  return { cluster: false, open: () => singleLink(client as unknown as Single) };
}

/** Bytes as bytes, and no timer for each command: time limits are the engine's. */
function commandOptions(): object {
  return { typeMapping: { [BULK_TEXT]: bufferOfPlatform() }, timeout: undefined };
}

/** What a connection of ours is told whatever the client was told: to queue nothing, and to keep no copies. */
const PLAIN = {
  disableOfflineQueue: true,
  commandsQueueMaxLength: undefined,
  readonly: false,
  clientSideCache: undefined,
  emitInvalidate: false,
};

function singleLink(client: Single): Link {
  const own = client.duplicate({ ...PLAIN, commandOptions: commandOptions() }) as Single;
  // It goes on trying after an attempt has failed; whoever waits for it should know as soon as one has.
  const failed = new Promise((_, reject) => own.on('error', reject));
  const send: Send = (args) => own.sendCommand(withBuffers(args));
  return linkTo(
    own,
    (opened) => Promise.race([opened, failed]),
    send,
    async () => [send],
  );
}

function clusterLink(client: Cluster): Link {
  const { rootNodes = [], defaults } = client._options ?? {}; // oxlint-disable-line no-underscore-dangle
  const own = client.duplicate({
    commandOptions: commandOptions(),
    clientSideCache: undefined,
    useReplicas: false,
    minimizeConnections: true, // a server that doesn't answer must not hold up the others
    rootNodes: rootNodes.map(impatient),
    defaults: { ...defaults, ...PLAIN },
  }) as Cluster;
  own.on('error', () => {});
  return linkTo(
    own,
    (opened) => opened,
    (args, key) => own.sendCommand(key, false, withBuffers(args)),
    async () =>
      own.masters.map(
        (node): Send =>
          async (args) =>
            (await own.nodeClient(node)).sendCommand(withBuffers(args)),
      ),
  );
}

/** A server that is only asked for the others. */
function impatient(node: object): object {
  const { socket } = node as { readonly socket?: object };
  return { ...node, socket: { ...socket, socketTimeout: SILENCE } };
}

function sentinelLink(client: Sentinel): Link {
  const own = client.duplicate({
    commandOptions: commandOptions(),
    clientSideCache: undefined,
    replicaPoolSize: 0,
    masterPoolSize: 1,
    reserveClient: false,
  }) as Sentinel;
  own.on('error', () => {});
  const send: Send = (args) => own.sendCommand(false, withBuffers(args));
  return linkTo(
    own,
    (opened) => opened,
    send,
    async () => [send],
  );
}

function linkTo(
  own: Client,
  first: (opened: Promise<unknown>) => Promise<unknown>,
  send: Link['send'],
  servers: Link['servers'],
): Link {
  const connecting = own.connect();
  connecting.catch(() => {});
  return {
    opened: first(connecting),
    get ended() {
      return !own.isOpen;
    },
    send,
    servers,
    destroy() {
      Promise.resolve(own.destroy()).catch(() => {});
    },
  };
}
