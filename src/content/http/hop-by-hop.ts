/** Fields that are for one connection only and go no further (RFC 9110 §7.6.1). */
import { fieldNames } from './field-list.ts';

const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** A copy without them, and without what Connection names. */
export function endToEnd(headers: Headers): Headers {
  const copy = new Headers(headers);
  for (const name of [...fieldNames(headers.get('connection')), ...HOP_BY_HOP])
    if (isFieldName(name)) copy.delete(name);
  return copy;
}

/** What isn't a name would be refused by {@link Headers}. */
export function isFieldName(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}
