/** What the API answers when it doesn't do what it was asked: `{ error: { code, message } }` and a status. */
import { TidemarkError } from '../../engine/errors.ts';

/** Codes of refusals besides those of the engine. */
export type RefusalCode =
  | 'unauthorized'
  | 'read_only'
  | 'cross_site'
  | 'bad_token'
  | 'not_json'
  | 'too_large'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_available'
  | 'internal';

const STATUS: Readonly<Record<RefusalCode, number>> = {
  unauthorized: 401,
  read_only: 403,
  cross_site: 403,
  bad_token: 403,
  not_json: 415,
  too_large: 413,
  not_found: 404,
  method_not_allowed: 405,
  not_available: 404,
  internal: 500,
};

const BAD_INPUT: readonly string[] = ['bad_option', 'bad_key', 'bad_pattern'];

/** A request that is answered with an error of ours. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
  readonly code: RefusalCode;
  /** More fields of the answer, such as `Allow`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: RefusalCode, message: string, headers: Refusal['headers'] = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }
}

/** The answer for whatever was thrown. What isn't about the request says nothing of itself. */
export function refused(error: unknown): Response {
  if (error instanceof Refusal) return failed(STATUS[error.code], error.code, error.message, error.headers);
  if (error instanceof TidemarkError) {
    if (BAD_INPUT.includes(error.code)) return failed(400, error.code, error.message);
    if (error.code === 'closed') return failed(503, error.code, 'the cache is closed');
  }
  return failed(500, 'internal', 'something failed; the server knows what');
}

/** Is this an error that whoever runs the server should hear of? */
export function isOurs(error: unknown): boolean {
  return refused(error).status >= 500;
}

function failed(status: number, code: string, message: string, headers: Refusal['headers'] = {}): Response {
  return Response.json({ error: { code, message } }, { status, headers });
}
