/** Reads the manifest of every package in a `node_modules` folder, within bounds and however odd it is. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Detail, FileSize, Kind } from './model.ts';

/** A package as it was found, with what it names in its manifest. */
export interface CataloguePackage extends Detail {
  readonly dependencies: readonly NamedDependency[];
}

/** A dependency, and the id of the package that Node would load for it, if one is installed. */
interface NamedDependency {
  readonly name: string;
  readonly range: string;
  readonly kind: Kind;
  readonly target: string | null;
}

/** What was found, and what couldn't be read as a package. */
export interface Catalogue {
  readonly packages: readonly CataloguePackage[];
  readonly skipped: readonly { readonly path: string; readonly why: string }[];
}

/** What a manifest says, in the few fields that the catalogue shows. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly licence: string;
  readonly dependencies: readonly { readonly name: string; readonly range: string; readonly kind: Kind }[];
}

const MOST_PACKAGES = 2_000;
const MOST_FILES = 20_000; // of one package
const MOST_BYTES = 1_000_000; // of one manifest
const LARGEST = 5;

/** The earlier one wins where a manifest names a package twice. */
const KINDS: readonly (readonly [field: string, kind: Kind])[] = [
  ['dependencies', 'runtime'],
  ['optionalDependencies', 'optional'],
  ['peerDependencies', 'peer'],
];

/** Read a `node_modules` folder, nested ones included. Copies of one name and version count as one package. */
export async function readCatalogue(folder: string): Promise<Catalogue> {
  const found = new Map<string, Manifest>(); // by the place below `folder`, the outermost first
  const skipped: { path: string; why: string }[] = [];
  const places = await packagesIn(folder, '');
  for (const place of places) {
    if (found.size === MOST_PACKAGES) {
      skipped.push({ path: place, why: `there are more than ${MOST_PACKAGES} packages` });
      break;
    }
    try {
      found.set(place, await readManifest(join(folder, place, 'package.json')));
      places.push(...(await packagesIn(join(folder, place, 'node_modules'), `${place}/node_modules/`)));
    } catch (error) {
      skipped.push({ path: place, why: error instanceof Error ? error.message : String(error) });
    }
  }
  const packages = new Map<string, CataloguePackage>();
  for (const [place, manifest] of found) {
    const id = idOf(manifest);
    if (packages.has(id)) continue;
    const dependencies = manifest.dependencies.map((one) => {
      const target = installed(found, place, one.name);
      return { ...one, target: target ? idOf(target) : null };
    });
    packages.set(id, { ...manifest, id, dependencies, ...(await measure(join(folder, place))) });
  }
  return { packages: [...packages.values()], skipped };
}

/** What the text of a manifest says. Throws a plain sentence if it isn't the manifest of a package. */
export function parseManifest(text: string): Manifest {
  const manifest = objectOf(parseJson(text.replace(/^\uFEFF/, '')));
  if (!manifest) throw new Error('its package.json is not an object');
  const name = textOf(manifest['name'], 214);
  const version = textOf(manifest['version'], 100);
  if (name === '' || version === '') throw new Error('its package.json has no name or no version');
  const dependencies = new Map<string, Manifest['dependencies'][number]>();
  for (const [field, kind] of KINDS)
    for (const [given, range] of Object.entries(objectOf(manifest[field]) ?? {})) {
      const dependency = textOf(given, 214);
      if (dependency !== '' && !dependencies.has(dependency))
        dependencies.set(dependency, { name: dependency, range: textOf(range, 200) || '*', kind });
    }
  return {
    name,
    version,
    description: textOf(manifest['description'], 500),
    licence: licenceOf(manifest['license'] ?? manifest['licenses']),
    dependencies: [...dependencies.values()],
  };
}

async function readManifest(path: string): Promise<Manifest> {
  const { size } = await lstat(path).catch(() => {
    throw new Error('it has no package.json');
  });
  if (size > MOST_BYTES) throw new Error(`its package.json has more than ${MOST_BYTES} bytes`);
  return parseManifest(await readFile(path, 'utf8'));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('its package.json is not JSON');
  }
}

/** The packages of one `node_modules` folder, scoped ones too: no hidden folders, no links, nothing that isn't there. */
async function packagesIn(folder: string, prefix: string): Promise<string[]> {
  const names = await foldersIn(folder);
  const nested = names.map(async (name) => {
    if (!name.startsWith('@')) return [prefix + name];
    return (await foldersIn(join(folder, name))).map((inner) => `${prefix}${name}/${inner}`);
  });
  return (await Promise.all(nested)).flat();
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  return folders.map((entry) => entry.name).toSorted();
}

/** The package that Node would load for `name` from a place: the nearest on the way up. */
function installed(found: ReadonlyMap<string, Manifest>, place: string, name: string): Manifest | undefined {
  for (let from = place; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
    const manifest = found.get(from === '' ? name : `${from}/node_modules/${name}`);
    if (manifest || from === '') return manifest;
  }
}

/** How many files a package has, how large they are, and the largest of them; packages nested in it are others. */
async function measure(folder: string): Promise<Pick<Detail, 'files' | 'bytes' | 'partial' | 'largest'>> {
  const files: FileSize[] = [];
  const folders = [''];
  for (const prefix of folders) {
    if (files.length >= MOST_FILES) break;
    const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch(() => []);
    for (const entry of entries)
      if (entry.isDirectory() && entry.name !== 'node_modules') folders.push(`${prefix}${entry.name}/`);
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => prefix + entry.name);
    const sizes = paths.map(async (path) => ({
      path: textOf(path, 300),
      bytes: (await lstat(join(folder, path)).catch(() => ({ size: 0 }))).size,
    }));
    files.push(...(await Promise.all(sizes)));
  }
  const counted = files.slice(0, MOST_FILES);
  return {
    files: counted.length,
    bytes: counted.reduce((sum, file) => sum + file.bytes, 0),
    partial: files.length >= MOST_FILES,
    largest: counted.toSorted((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1)).slice(0, LARGEST),
  };
}

const idOf = ({ name, version }: Manifest): string => `${name}@${version}`;

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** Text on one line that every terminal and database can take: manifests may hold anything. */
function textOf(value: unknown, most: number): string {
  if (typeof value !== 'string') return '';
  const line = value.replace(/\p{Surrogate}/gu, '\uFFFD').replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ');
  return Array.from(line.trim()).slice(0, most).join('');
}

/** A licence in any of the forms that manifests have had: text, `{ type }`, or a list of either. */
function licenceOf(value: unknown): string {
  const all = Array.isArray(value) ? (value as unknown[]) : [value];
  const named = all.map((one) => textOf(objectOf(one)?.['type'] ?? one, 60)).filter((one) => one !== '');
  return named.join(' OR ') || 'unknown';
}
