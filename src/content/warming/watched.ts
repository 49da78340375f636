/** The same reader, with some of its methods watched. */

/** What stands in the place of a method: it has to call `method` and answer as it does. */
export type Watch = (name: string, method: (...given: unknown[]) => unknown) => (...given: unknown[]) => unknown;

/** An object that answers as `reader` does; the methods of these names are called by way of `watch`. */
export function watched<R extends object>(reader: R, names: readonly string[], watch: Watch): R {
  const standIn = Object.create(reader) as R;
  for (const name of memberNames(reader)) {
    const member: unknown = reader[name as keyof R];
    if (typeof member !== 'function') {
      // Read from the reader itself: its private fields are no part of the stand-in.
      Object.defineProperty(standIn, name, { enumerable: true, get: () => reader[name as keyof R] });
      continue;
    }
    const method = member.bind(reader) as (...given: unknown[]) => unknown;
    const value = typeof name === 'string' && names.includes(name) ? watch(name, method) : method;
    Object.defineProperty(standIn, name, { enumerable: true, value });
  }
  return standIn;
}

function memberNames(reader: object): Set<string | symbol> {
  const names = new Set<string | symbol>();
  for (let at: object | null = reader; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null)
    for (const name of Reflect.ownKeys(at)) if (name !== 'constructor') names.add(name);
  return names;
}
