/** Reading a request's fields, and taking down which ones the answer depends on. */

/** The value of a field of the request, `null` if it isn't there. The answer's Vary then names the field. */
export type AskedField = (name: string) => string | null;

/** A request under a pen. */
export class Inquiry {
  readonly request: Request;
  readonly #names = new Set<string>();

  constructor(request: Request) {
    this.request = request;
  }

  readonly field: AskedField = (name) => {
    this.#names.add(name.toLowerCase());
    return this.request.headers.get(name);
  };

  /** The value of Vary; `undefined` if nothing was looked at. */
  get vary(): string | undefined {
    return this.#names.size === 0 ? undefined : [...this.#names].toSorted().join(', ');
  }
}
