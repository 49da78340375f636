/** What it means that an item is published. */
import { type Clock, systemClock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions } from '../engine/options.ts';
import type { Item } from './matching.ts';
import type { Scalar } from './query.ts';

/** How a published item differs from a draft. */
export interface PublicationOptions<T extends Item> {
  /** The field that says so. Default `'status'`. */
  readonly field?: keyof T & string;
  /** What it holds then. Default `'published'`. */
  readonly published?: Scalar;
  /** What it holds otherwise. Default `'draft'`. */
  readonly draft?: Scalar;
  /** The field with the time since when it is published, null for a draft; null if there is no such field. Default `'publishedAt'`. */
  readonly at?: (keyof T & string) | null;
}

/** The same with nothing left open. */
export interface Publication {
  readonly field: string;
  readonly published: Scalar;
  readonly draft: Scalar;
  readonly at: string | null;
  readonly clock: Pick<Clock, 'now'>;
}

/** Throws `bad_option` naming what is wrong. */
export function publicationOf<T extends Item>(
  options: PublicationOptions<T>,
  clock: Pick<Clock, 'now'> = systemClock,
): Publication {
  checkOptions('createRepository: publication', options, ['field', 'published', 'draft', 'at']);
  const { field = 'status', published: yes = 'published', draft = 'draft', at = 'publishedAt' } = options;
  if (yes === draft)
    throw new TidemarkError('bad_option', 'createRepository: publication: what is published must differ from a draft');
  return { field, published: yes, draft, at, clock };
}

/** The fields of what is published now. */
export function published<T extends Item>(publication: Publication | undefined): Partial<T> {
  const { field, published: value, at, clock } = given(publication);
  const now = new Date(clock.now()).toISOString();
  return { [field]: value, ...(at !== null && { [at]: now }) } as Partial<T>;
}

/** The fields of a draft. */
export function unpublished<T extends Item>(publication: Publication | undefined): Partial<T> {
  const { field, draft, at } = given(publication);
  return { [field]: draft, ...(at !== null && { [at]: null }) } as Partial<T>;
}

function given(publication: Publication | undefined): Publication {
  if (publication) return publication;
  throw new TidemarkError('bad_option', "publish: this repository wasn't told what that means: option publication");
}
