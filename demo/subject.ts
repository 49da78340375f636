/** The package that the proof changes, and what each page has to show of it afterwards. */
import { randomBytes } from 'node:crypto';
import { listPath, searchPath } from './addresses.ts';
import type { Catalogue, CataloguePackage } from './catalogue.ts';
import { Trouble } from './trouble.ts';

/** What a change replaces, or what it says instead. */
interface Wording {
  readonly description: string;
  readonly licence: string;
}

/** A package, before and after its change. */
export interface Subject {
  readonly id: string;
  readonly name: string;
  readonly before: Wording;
  readonly after: Wording;
  /** Pages that don't show it now and must afterwards: the list of its new licence, a search for its new description. */
  readonly newcomers: readonly string[];
}

/** What a page shows of a package. */
export type Shown = 'the old text' | 'the new text' | 'not listed any more';

const FEW = 6; // neighbours: then all its pages fit on a screen

/**
 * Choose a package to change: of those that nobody else's description could be mistaken for, the one that is shown
 * beside the most others, but no more than a screen can hold.
 */
export function chooseSubject({ packages }: Pick<Catalogue, 'packages'>): Subject {
  const dependents = new Map<string, number>();
  for (const { target } of packages.flatMap((one) => one.dependencies))
    if (target !== null) dependents.set(target, (dependents.get(target) ?? 0) + 1);
  const neighbours = ({ id, dependencies }: CataloguePackage) =>
    (dependents.get(id) ?? 0) && dependencies.length > 0 ? (dependents.get(id) ?? 0) + dependencies.length : 0;
  const told = ({ id, description }: CataloguePackage) =>
    description.length >= 10 && !packages.some((other) => other.id !== id && other.description.includes(description));
  const [chosen] = packages
    .filter((one) => told(one) && neighbours(one) <= FEW)
    .toSorted((a, b) => neighbours(b) - neighbours(a));
  if (!chosen)
    throw new Trouble('No package in node_modules has a description of its own: there is nothing to change.');
  const { id, name, description, licence } = chosen;
  return changed({ id, name }, { description, licence }, rarest(packages, licence));
}

/** The package before and after one more change, which gives it a new description and the licence that it had before the last. */
export function changedAgain({ id, name, before, after }: Subject): Subject {
  return changed({ id, name }, after, before.licence);
}

function changed(named: Pick<Subject, 'id' | 'name'>, before: Wording, licence: string): Subject {
  const word = `tide${randomBytes(4).toString('hex')}`;
  const after = { description: `A description that was changed by the demo (${word})`, licence };
  return { ...named, before, after, newcomers: [listPath({ licence, page: 1 }), searchPath(word, 1)] };
}

/** What a page, HTML or JSON, shows of the package. */
export function shown(body: string, { before, after }: Subject): Shown {
  if (says(body, before.description)) return 'the old text';
  return says(body, after.description) ? 'the new text' : 'not listed any more';
}

/** What a page that showed the package, or is about to, has to show after the change. */
export function expected(path: string, { name, before, after }: Subject): Shown {
  const asked = new URL(path, 'http://localhost').searchParams;
  const text = asked.get('q')?.toLowerCase();
  const found = text === undefined || `${name}\n${after.description}`.toLowerCase().includes(text);
  return found && asked.get('licence') !== before.licence ? 'the new text' : 'not listed any more';
}

/** Does a body hold this text, as HTML or as JSON writes it? */
function says(body: string, text: string): boolean {
  return body.includes(escapeHtml(text)) || body.includes(JSON.stringify(text).slice(1, -1));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** The licence that the fewest packages have, but not this one: its list fits on one page. */
function rarest(packages: readonly CataloguePackage[], not: string): string {
  const counts = new Map<string, number>();
  for (const { licence } of packages) if (licence !== not) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  return [...counts].toSorted((a, b) => a[1] - b[1])[0]?.[0] ?? 'ISC';
}
