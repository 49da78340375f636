/** A registry of document models that are all known beforehand; the ways between versions are put together from single steps. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { aFunction, checkOptions, list, nonEmptyText, positiveInteger } from '../engine/options.ts';
import type { DocumentModel, DocumentModelRegistry, UpgradeReducer } from './model.ts';

/** The step from a version of a model to the next one. */
export interface Upgrade {
  readonly documentType: string;
  readonly fromVersion: number;
  /** One more than `fromVersion`: longer ways are made of steps. */
  readonly toVersion: number;
  readonly reducer: UpgradeReducer;
}

/** What {@link createRegistry} knows. */
export interface RegistryOptions {
  /** Every version that a document may be in, or may have been in. */
  readonly models: readonly DocumentModel[];
  readonly upgrades?: readonly Upgrade[] | undefined;
}

/**
 * A registry of these models.
 *
 * ```ts
 * const registry = createRegistry({
 *   models: [listV1, listV2],
 *   upgrades: [{ documentType: 'example/list', fromVersion: 1, toVersion: 2, reducer: upgradeList }],
 * });
 * registry.getModel('example/list').version; // 2
 * ```
 *
 * @throws `bad_option` for what isn't a model or a step, for the same one twice, and for a step of a model that isn't there.
 *   The registry itself throws `unknown_model`.
 */
export function createRegistry(options: RegistryOptions): DocumentModelRegistry {
  checkOptions('createRegistry', options, ['models', 'upgrades']);
  const types = modelsByType(options.models);
  const steps = stepsByType(options.upgrades ?? [], types);
  return {
    getModel(documentType, version) {
      const model = knownType(types, documentType).get(version ?? newestOf(types, documentType));
      if (!model) throw unknown(`version ${describe(version)} of ${describe(documentType)}`);
      return model;
    },
    getUpgrade(documentType, fromVersion, toVersion) {
      knownType(types, documentType);
      const way = `way from version ${describe(fromVersion)} to ${describe(toVersion)} of ${describe(documentType)}`;
      if (!isVersion(fromVersion) || !isVersion(toVersion) || toVersion < fromVersion) throw unknown(way);
      const reducers: UpgradeReducer[] = [];
      for (let version = fromVersion; version < toVersion; version++) {
        const step = steps.get(documentType)?.get(version);
        if (!step) throw unknown(`${way}: the step from ${version} is missing`);
        reducers.push(step);
      }
      if (reducers.length === 1) return reducers[0];
      return (document, operation) => reducers.reduce((upgraded, reducer) => reducer(upgraded, operation), document);
    },
  };
}

type ByVersion<T> = Map<number, T>;

function modelsByType(models: readonly DocumentModel[]): Map<string, ByVersion<DocumentModel>> {
  list('createRegistry: models', models);
  const types = new Map<string, ByVersion<DocumentModel>>();
  models.forEach((model, i) => {
    const what = `createRegistry: models[${i}]`;
    checkObject(what, model);
    nonEmptyText(`${what}.documentType`, model.documentType);
    positiveInteger(`${what}.version`, model.version);
    for (const name of ['initialState', 'reducer'] as const) aFunction(`${what}.${name}`, model[name]);
    if (model.fingerprint !== undefined) nonEmptyText(`${what}.fingerprint`, model.fingerprint);
    put(types, model.documentType, model.version, model, what);
  });
  return types;
}

function stepsByType(
  upgrades: readonly Upgrade[],
  types: ReadonlyMap<string, unknown>,
): Map<string, ByVersion<UpgradeReducer>> {
  list('createRegistry: upgrades', upgrades);
  const steps = new Map<string, ByVersion<UpgradeReducer>>();
  upgrades.forEach((upgrade, i) => {
    const what = `createRegistry: upgrades[${i}]`;
    checkObject(what, upgrade);
    const { documentType, fromVersion, toVersion, reducer } = upgrade;
    nonEmptyText(`${what}.documentType`, documentType);
    positiveInteger(`${what}.fromVersion`, fromVersion);
    positiveInteger(`${what}.toVersion`, toVersion);
    aFunction(`${what}.reducer`, reducer);
    if (toVersion !== fromVersion + 1) throw bad(`${what}: must lead to version ${fromVersion + 1}, not ${toVersion}`);
    if (!types.has(documentType)) throw bad(`${what}: there is no model ${describe(documentType)}`);
    put(steps, documentType, fromVersion, reducer, what);
  });
  return steps;
}

function put<T>(all: Map<string, ByVersion<T>>, documentType: string, version: number, value: T, what: string): void {
  const versions = all.get(documentType) ?? new Map<number, T>();
  if (versions.has(version)) throw bad(`${what}: version ${version} of ${describe(documentType)} is there already`);
  all.set(documentType, versions.set(version, value));
}

function knownType<T>(types: ReadonlyMap<string, ByVersion<T>>, documentType: string): ByVersion<T> {
  const versions = types.get(documentType);
  if (!versions) throw unknown(`model ${describe(documentType)}`);
  return versions;
}

function newestOf(types: ReadonlyMap<string, ByVersion<unknown>>, documentType: string): number {
  return Math.max(...knownType(types, documentType).keys());
}

function isVersion(version: unknown): boolean {
  return Number.isSafeInteger(version) && (version as number) >= 1;
}

/** Models and steps may be instances of classes with more in them than is needed here. */
function checkObject(what: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw bad(`${what} must be an object, not ${describe(value)}`);
}

function bad(message: string): TidemarkError {
  return new TidemarkError('bad_option', message);
}

function unknown(what: string): TidemarkError {
  return new TidemarkError('unknown_model', `the registry has no ${what}`);
}
