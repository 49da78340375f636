/** A change over HTTP, and what has to be true of it before anything can be shown. */
import type { ChangeResult } from 'tidemark';
import { packagePath } from './addresses.ts';
import type { Answer, Sending } from './client.ts';
import type { Subject } from './subject.ts';
import { Trouble } from './trouble.ts';

type Reach = ChangeResult['reach'];

/** Whoever can be asked over HTTP. */
interface Asked {
  ask(path: string, sending: Sending): Promise<Answer>;
}

/** Change a package as the subject says. Resolves to how far that is known; throws {@link Trouble} if it isn't changed. */
export async function changeAnyway(through: Asked, { id, after }: Subject, token: string): Promise<Reach> {
  const { status, body } = await through.ask(packagePath(id), { method: 'PATCH', token, json: after });
  if (status !== 200) throw new Trouble(`The change was answered with ${status}: ${body}`);
  return (JSON.parse(body) as ChangeResult).reach;
}

/** The same, and throws {@link Trouble} as well if the log doesn't know of it. */
export async function change(through: Asked, subject: Subject, token: string): Promise<void> {
  const reach = await changeAnyway(through, subject, token);
  if (reach !== 'everywhere')
    throw new Trouble(`The change couldn't be said to the log within its time: it is ${reach}.`);
}
