/** Whoever visits the site: an anonymous reader, or an editor, each with the cookies that they were given. */

/** What a visit brought. */
export interface Visit {
  readonly status: number;
  readonly text: string;
  readonly etag: string | undefined;
  /** The site's answer as JSON. Throws for anything else. */
  json(): unknown;
}

/** One client of a site. */
export class Visitor {
  readonly #site: (request: Request) => Promise<Response>;
  readonly #token: string | undefined;
  #cookie: string | undefined;

  constructor(site: (request: Request) => Promise<Response>, token?: string) {
    this.#site = site;
    this.#token = token;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Visit> {
    return this.send('GET', path, undefined, headers);
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Visit> {
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: {
        ...(this.#cookie !== undefined && { cookie: this.#cookie }),
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const response = await this.#site(request);
    for (const cookie of response.headers.getSetCookie()) [this.#cookie] = cookie.split(';');
    const text = await response.text();
    const etag = response.headers.get('etag') ?? undefined;
    return { status: response.status, text, etag, json: () => JSON.parse(text) as unknown };
  }
}
