/** Whether somebody else may read files for a task, at the other end of a connection. */
import type { Call } from './calls.ts';
import { quoted } from './spelling.ts';

/**
 * These answer what a machine's resolvers and logs ask, and read nothing for a task: names of users and hosts change what
 * a task makes as little as the hosts file does, which isn't its input either.
 */
const HARMLESS =
  /^(?:\/var)?\/run\/(?:nscd\/socket|systemd\/(?:journal\/|resolve\/|userdb\/)|dbus\/system_bus_socket$)|^\/dev\/log$/;

/** Nobody is asked: it failed. */
const NOBODY = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ENOTDIR',
  'EACCES',
  'EAFNOSUPPORT',
  'ENETUNREACH',
  'EBADF',
  'EINVAL',
]);

/** Knows which sockets are the task's own: what it serves itself, it reads where that can be seen. */
export class Sockets {
  readonly #datagrams: Set<string> = new Set();
  readonly #own: Set<string> = new Set();

  /** Why this call may let somebody else read for the task. */
  concern({ name, args, error, opened }: Call): string | undefined {
    if (name === 'socket') {
      if (args[1]?.includes('SOCK_DGRAM') && opened !== undefined) this.#datagrams.add(opened);
      else if (opened !== undefined) this.#datagrams.delete(opened);
      return undefined;
    }
    const { family, at, port } = addressIn(args[1] ?? '');
    if (name !== 'connect') {
      if (error === '' && at !== '') this.#own.add(at);
      return undefined;
    }
    if (NOBODY.has(error) || family === 'AF_NETLINK' || family === 'AF_UNSPEC' || this.#own.has(at)) return undefined;
    if (family === 'AF_UNIX') return HARMLESS.test(at) ? undefined : `it talked to ${JSON.stringify(at)}`;
    // Asking for names, and how libraries find out which of a host's addresses can be reached: nothing is sent for that.
    const isDatagram = this.#datagrams.has(/<(.*)>/.exec(args[0] ?? '')?.[1] ?? '');
    if (port === '53' || (isDatagram && port === '0')) return undefined;
    return port === undefined ? `it used a socket of the kind ${family}` : `it talked to port ${port} of a machine`;
  }
}

/** Ports are told apart by their number alone: a task that serves a port of this machine asks itself there. */
function addressIn(text: string): { readonly family: string; readonly at: string; readonly port?: string } {
  const [, family = 'unknown'] = /sa_family=(\w+)/.exec(text) ?? [];
  const [, at, path] = /sun_path=(@?)("(?:[^\\"]|\\.)*")/.exec(text) ?? [];
  if (path !== undefined) return { family, at: at + quoted(path) };
  const [, port] = /sin6?_port=htons\((\d+)\)/.exec(text) ?? [];
  const isHere = /inet_addr\("(?:127\.|0\.0\.0\.0)|inet_pton\(AF_INET6, "(?:::1?|::ffff:127\.[^"]*)"/.test(text);
  return { family, at: port === undefined || port === '0' || !isHere ? '' : `port ${port}`, port };
}
