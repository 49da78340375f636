/** A change over HTTP, and what has to be true of it before anything can be shown. */
import { packagePath } from './addresses.ts';
import type { Answer, Sending } from './client.ts';
import type { Subject } from './subject.ts';
import { Trouble } from './trouble.ts';

/** Whoever can be asked over HTTP. */
interface Asked {
  ask(path: string, sending: Sending): Promise<Answer>;
}

/** Change a package as the subject says. Throws {@link Trouble} if it isn't changed, or the log doesn't know of it. */
export async function change(through: Asked, { id, after }: Subject, token: string): Promise<void> {
  const { status, body } = await through.ask(packagePath(id), { method: 'PATCH', token, json: after });
  if (status !== 200) throw new Trouble(`The change was answered with ${status}: ${body}`);
  if ((JSON.parse(body) as { reach: unknown }).reach !== 'everywhere')
    throw new Trouble(`The change couldn't be said to the log within its time: ${body}`);
}
