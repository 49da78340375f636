/** Connections made from a client of ioredis: one server, the master that sentinels name, or a cluster. */
import { type Connector, type Link, type Reply, type Send, withBuffers } from './link.ts';

interface Single {
  readonly status: string;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  duplicate(overrides: object): Single;
  connect(): Promise<unknown>;
  callBuffer(...args: readonly unknown[]): Promise<Reply>;
  disconnect(): void;
}

interface Cluster extends Omit<Single, 'duplicate'> {
  duplicate(startupNodes: readonly never[], overrides: object): Cluster;
  nodes(role: 'master'): readonly Single[];
}

/** What a connection of ours is told whatever the client was told: to queue, resend and prefix nothing. */
const PLAIN = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  disconnectTimeout: 100, // milliseconds that a server has to take leave
  commandTimeout: undefined,
  blockingTimeout: undefined,
  socketTimeout: undefined,
  enableAutoPipelining: false,
  keyPrefix: '',
  readOnly: false,
  stringNumbers: false,
  replyMapping: 'legacy',
};

/** How to open connections like those of this client; undefined if it is no client of ioredis. */
export function ioredis(client: object): Connector | undefined {
  if (!('callBuffer' in client && 'duplicate' in client && 'disconnect' in client)) return undefined;
  if ('isCluster' in client && client.isCluster === true)
    return { cluster: true, open: () => clusterLink(client as unknown as Cluster) };
  return { cluster: false, open: () => singleLink(client as unknown as Single) };
}

function singleLink(client: Single): Link {
  const own = client.duplicate(PLAIN);
  return linkTo(own, async () => [sendBy(own)]);
}

function clusterLink(client: Cluster): Link {
  const own = client.duplicate([], {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    keyPrefix: '',
    scaleReads: 'master',
    shardedSubscribers: false,
    enableReadyCheck: false, // it asks any one server, and waits for it for ever
    maxRedirections: 5, // each may cost a tenth of a second: what can't be sent should fail soon
    redisOptions: PLAIN,
  });
  return linkTo(own, async () => own.nodes('master').map(sendBy));
}

const sendBy =
  (client: Pick<Single, 'callBuffer'>): Send =>
  (args) =>
    client.callBuffer(...withBuffers(args));

function linkTo(own: Omit<Single, 'duplicate'>, servers: Link['servers']): Link {
  own.on('error', () => {});
  return {
    opened: own.connect(),
    get ended() {
      return own.status === 'end';
    },
    send: sendBy(own),
    servers,
    destroy: () => own.disconnect(),
  };
}
