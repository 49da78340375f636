/** The tags of one repository: what its reads rest on, and what its writes touch. */
import { type Fields, footprintOf, type Together, touched } from './footprint.ts';
import { type Item, valueOf } from './matching.ts';
import type { Condition } from './query.ts';
import type { Written } from './source.ts';

/** The tags of a repository of this name. Its name itself is a tag of everything that is kept. */
export class Tags {
  readonly name: string;
  readonly id: string;
  readonly fields: Fields;
  readonly #together: Together;

  constructor(name: string, id: string, fields: Fields, together: Together) {
    this.name = name;
    this.id = id;
    this.fields = Object.assign(Object.create(null), fields) as Fields; // so that nothing else is declared
    this.#together = together;
  }

  /** What an item of this id rests on, whether there is one or not. */
  ofItem(id: string): string[] {
    return [this.name, `${this.name}#${id}`];
  }

  /** What a list rests on. */
  ofList(where: Condition): string[] {
    return [this.name, ...this.footprint(where)];
  }

  /** What the items rest on that satisfy a condition and hold one value in a field: on that value, if the field is declared. */
  ofHolders(field: string, value: string, where: Condition): string[] {
    const own = footprintOf({ field, is: 'eq', value }, this.fields);
    return own ? [this.name, ...own.map((tag) => `${this.name}/${tag}`)] : this.ofList(where);
  }

  /** What a list rests on, the name apart. */
  footprint(where: Condition): string[] {
    return (footprintOf(where, this.fields, this.#together) ?? ['*']).map((tag) => `${this.name}/${tag}`);
  }

  /** What a write touches; if nobody knows what it has done, everything. */
  touched(written: readonly Written<Item>[] | 'anything'): string[] {
    if (written === 'anything') return [this.name];
    const tags = new Set([`${this.name}/*`]);
    for (const { before, after } of written) {
      for (const image of [before, after]) if (image) tags.add(`${this.name}#${this.idOf(image)}`);
      for (const tag of touched(this.fields, this.#together, before, after)) tags.add(`${this.name}/${tag}`);
    }
    return [...tags];
  }

  idOf(item: Item): string {
    return String(valueOf(item, this.id));
  }
}
