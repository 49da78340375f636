/** What is invalidated while something is under way must not be stored by it. */

/** Held by whoever works on a state that he is going to store. */
export interface Ticket {
  /** Has this document been invalidated since? */
  overtaken(documentId: string): boolean;
  close(): void;
}

/** Told of every invalidation. */
export class Invalidations {
  readonly #said = new Map<object, { all: boolean; documents: Set<string> }>();

  /** Begin something. */
  open(): Ticket {
    const said = { all: false, documents: new Set<string>() };
    const ticket: Ticket = {
      overtaken: (documentId) => said.all || said.documents.has(documentId),
      close: () => void this.#said.delete(ticket),
    };
    this.#said.set(ticket, said);
    return ticket;
  }

  /** A document has been invalidated; all of them, if none is named. */
  say(documentId?: string): void {
    for (const said of this.#said.values())
      if (documentId === undefined) said.all = true;
      else said.documents.add(documentId);
  }
}
