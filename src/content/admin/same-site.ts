/**
 * Writes that nobody but the user meant: a page of another site can't make the user's browser send one.
 *
 * A browser says where a request comes from (`Sec-Fetch-Site`, `Origin`); what comes from elsewhere is refused. From here, it
 * must bring what no browser adds by itself: the token that stands in the page, or `Authorization` of another scheme than
 * those that a browser fills in for its user.
 */
import { Signer } from '../signature.ts';
import { Refusal } from './refusal.ts';

/** The field that carries the page's token. */
const TOKEN_FIELD = 'x-cache-token';

const LIFETIME = 12 * 3_600_000; // of a token, in milliseconds
const BY_ITSELF = /^(basic|digest|negotiate|ntlm)\b/i;

/** Makes and knows the tokens of pages, each for one actor and some hours. */
export class Tokens {
  readonly #signer: Signer;

  /** Without a secret a token is good where it was made, and only there. */
  constructor(secret: string | undefined) {
    this.#signer = new Signer(secret);
  }

  async make(actor: string, now: number): Promise<string> {
    const until = now + LIFETIME;
    return `${until}.${await this.#signer.sign(textOf(actor, until))}`;
  }

  async knows(token: string, actor: string, now: number): Promise<boolean> {
    const [, until, signature] = /^(\d{1,15})\.([0-9a-f]{64})$/.exec(token) ?? [];
    if (until === undefined || Number(until) <= now) return false;
    return this.#signer.knows(textOf(actor, Number(until)), signature);
  }
}

function textOf(actor: string, until: number): string {
  return `tidemark admin\n${until}\n${actor}`;
}

/** Refuses a write that the user's browser may have been made to send. */
export async function assertMeant(
  request: Request,
  actor: string,
  tokens: Tokens,
  origins: readonly string[],
): Promise<void> {
  const origin = request.headers.get('origin');
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin') throw new Refusal('cross_site', 'it comes from another site');
  if (origin !== null && !origins.includes(origin) && origin !== new URL(request.url).origin)
    throw new Refusal('cross_site', 'it comes from another origin');
  const token = request.headers.get(TOKEN_FIELD);
  if (token !== null) {
    if (await tokens.knows(token, actor, Date.now())) return;
    throw new Refusal('bad_token', 'the page is too old, or of another server: load it again');
  }
  const authorization = request.headers.get('authorization');
  const browser = origin !== null || site !== null;
  if (authorization === null || (browser && BY_ITSELF.test(authorization)))
    throw new Refusal('bad_token', `${TOKEN_FIELD} is missing`);
}
