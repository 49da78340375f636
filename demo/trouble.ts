/** The one error that the demo expects: a sentence for whoever started it. */

/** Something that the user can understand and mend; shown as its message alone. */
export class Trouble extends Error {
  override readonly name: string = 'Trouble';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
