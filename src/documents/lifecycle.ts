/** The life of a document, from the operations of its `document` scope: how it was made, upgraded and deleted. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import type { Document, DocumentHeader, State } from './document.ts';
import { freezeNew } from './freeze.ts';
import type { DocumentModelRegistry } from './model.ts';
import { counts, DOCUMENT_SCOPE, isVoid, type Operation, type Protocol } from './operation.ts';
import { reduce, upgrade, type Where } from './reduce.ts';

/** A document that has been taken from one version of its model to another. */
interface Upgrade {
  readonly operation: Operation;
  readonly fromVersion: number;
  readonly toVersion: number;
  /** In place of what an upgrade reducer would make, the state itself. */
  readonly state: State | undefined;
  /** By scope, the index of the first operation of the new version. */
  readonly revision: Readonly<Record<string, number>> | undefined;
}

/** What is known of a document's life up to a revision of its `document` scope. Frozen and shared. */
export interface Lifecycle {
  /** Of the `document` scope; -1 if nothing was ever written there. */
  readonly revision: number;
  readonly operation: Operation | undefined;
  readonly documentType: string;
  readonly protocol: Protocol;
  /** The version of the model that the document began with. */
  readonly version: number;
  /** The document before the first operation of any scope but this one. */
  readonly genesis: Document;
  readonly upgrades: readonly Upgrade[];
  /** Has an upgrade from version 0 said how the document begins? Only the first one does. */
  readonly seeded: boolean;
  /** Is there an upgrade that names no revisions, so that the times of operations say where it belongs? */
  readonly dated: boolean;
  /** A text that two lifecycles share exactly if replays from their genesis begin alike. */
  readonly ground: string;
}

/** Where a lifecycle begins and whose it is. */
export interface Birth {
  readonly documentId: string;
  readonly branch: string;
  readonly registry: DocumentModelRegistry;
}

/** Go on with a lifecycle, or begin one, by the next operations of the `document` scope. Throws `bad_history`. */
export function continued(
  before: Lifecycle | undefined,
  operations: readonly Operation[],
  birth: Birth,
): Lifecycle | undefined {
  let lifecycle = before;
  for (const [i, operation] of operations.entries()) {
    if (operation.index !== (lifecycle?.revision ?? -1) + 1)
      throw bad(birth, operation, `isn't the next one after ${lifecycle?.revision ?? -1}`);
    lifecycle = lifecycle ? after(lifecycle, operation, birth) : created(operation, birth, operations[i + 1]);
  }
  return lifecycle;
}

/** The lifecycle of a document that nobody created: its first operation is one of another scope. */
export function uncreated(documentType: string, first: Operation, { documentId, branch, registry }: Birth): Lifecycle {
  const model = registry.getModel(documentType);
  const header = headerOf({ id: documentId, documentType, branch, at: first.timestampUtcMs });
  const protocol = 2;
  const version = model.version;
  return {
    revision: -1,
    operation: undefined,
    documentType,
    protocol,
    version,
    upgrades: [],
    seeded: false,
    dated: false,
    ...began(header, model.initialState(), version, []),
  };
}

/** The identities of the upgrades that a state has behind it, if so many of them have been applied. */
export function appliedUpgrades({ upgrades }: Lifecycle, count: number): string {
  return upgrades
    .slice(0, count)
    .map(({ operation }) => operation.id)
    .join(' ');
}

/** The version of the model after so many upgrades. */
export function versionAfter({ upgrades, version }: Lifecycle, count: number): number {
  return count === 0 ? version : upgrades[count - 1].toVersion;
}

function created(operation: Operation, birth: Birth, next: Operation | undefined): Lifecycle {
  const { type, input } = operation.action;
  if (type !== 'CREATE_DOCUMENT' || isVoid(operation))
    throw bad(birth, operation, `is ${type}, and a document begins with CREATE_DOCUMENT`);
  const { model: documentType, version, slug, name, meta, sig, signing, protocolVersions } = record(input);
  if (typeof documentType !== 'string' || documentType === '') throw bad(birth, operation, 'names no model');
  const protocol = (protocolVersions as Record<string, unknown> | undefined)?.['base-reducer'] ?? 2;
  if (protocol !== 1 && protocol !== 2)
    throw bad(birth, operation, `is of protocol ${describe(protocol)}; 1 and 2 are known`);
  const header = headerOf({
    id: birth.documentId,
    documentType,
    branch: birth.branch,
    at: operation.timestampUtcMs,
    slug,
    name,
  });
  header.protocolVersions = { ...(protocolVersions as Record<string, number>), 'base-reducer': protocol };
  if (meta !== undefined) header.meta = meta;
  const signature = sig ?? signing;
  if (signature !== undefined) header.sig = signature;
  // Who upgrades from nothing at once may have no first version at all.
  const first = versionOf(version || (next && isSeed(next) && record(next.action.input)['toVersion']));
  const model = birth.registry.getModel(documentType, first);
  return {
    revision: operation.index,
    operation,
    documentType,
    protocol,
    version: first,
    upgrades: [],
    seeded: false,
    dated: false,
    ...began(header, model.initialState(), first, [operation.id]),
  };
}

function after(lifecycle: Lifecycle, operation: Operation, birth: Birth): Lifecycle {
  const moved = { ...lifecycle, revision: operation.index, operation };
  if (!counts(operation)) return moved;
  switch (operation.action.type) {
    case 'UPGRADE_DOCUMENT':
      return upgraded(moved, operation, birth);
    case 'DELETE_DOCUMENT':
      return withOwn(moved, { ...ownOf(moved), isDeleted: true, deletedAtUtcIso: operation.timestampUtcMs });
    default:
      return reduced(moved, operation, birth);
  }
}

function upgraded(lifecycle: Lifecycle, operation: Operation, birth: Birth): Lifecycle {
  const { fromVersion: from, toVersion: to, initialState, revision } = record(operation.action.input);
  const toVersion = versionOf(to);
  const state = initialState as State | undefined;
  if (state !== undefined) freezeNew(state);
  if (isSeed(operation) && !lifecycle.seeded && lifecycle.upgrades.length === 0)
    return seeded(lifecycle, operation, toVersion, state, birth);
  const known = versionAfter(lifecycle, lifecycle.upgrades.length);
  if (toVersion < known || (!isSeed(operation) && from !== known))
    throw bad(
      birth,
      operation,
      `upgrades from ${describe(from)} to ${toVersion}, and the document is of version ${known}`,
    );
  if (toVersion === known) return lifecycle;
  const boundaries = revision as Record<string, number> | undefined;
  const next: Upgrade = { operation, fromVersion: known, toVersion, state, revision: boundaries };
  const upgrades = [...lifecycle.upgrades, next];
  const dated = lifecycle.dated || boundaries === undefined;
  return withOwn({ ...lifecycle, upgrades, dated }, { ...ownOf(lifecycle), version: toVersion });
}

/** An upgrade from nothing: the document begins with its version, and with its state if it has one. */
function seeded(
  lifecycle: Lifecycle,
  operation: Operation,
  version: number,
  state: State | undefined,
  { registry }: Birth,
): Lifecycle {
  const { genesis, documentType } = lifecycle;
  const scopes = state ?? registry.getModel(documentType, version).initialState();
  const begun = began(genesis.header, scopes, version, [...idsOf(lifecycle), operation.id]);
  return withOwn({ ...lifecycle, version, seeded: true, ...begun }, { ...ownOf(begun), ...ownOf(lifecycle), version });
}

function isSeed({ action }: Operation): boolean {
  const { fromVersion } = record(action.input);
  return action.type === 'UPGRADE_DOCUMENT' && (fromVersion === 0 || fromVersion === undefined);
}

/** An action of the model's own in the `document` scope. */
function reduced(lifecycle: Lifecycle, operation: Operation, { documentId, branch, registry }: Birth): Lifecycle {
  const { genesis, documentType, upgrades } = lifecycle;
  const model = registry.getModel(documentType, versionAfter(lifecycle, upgrades.length));
  const where: Where = { documentId, branch, scope: DOCUMENT_SCOPE };
  const { state, header } = reduce(model, lifeAlone(lifecycle, registry, where), operation, where);
  const changed = withOwn(lifecycle, record(state[DOCUMENT_SCOPE]));
  if (header.name === genesis.header.name && header.slug === genesis.header.slug) return changed;
  const named = { ...genesis.header, name: header.name, slug: header.slug };
  return { ...changed, genesis: { ...changed.genesis, header: named }, ground: groundOf(idsOf(lifecycle), named) };
}

/** What the document is by its life alone: its beginning, gone through all upgrades. */
export function lifeAlone(lifecycle: Lifecycle, registry: DocumentModelRegistry, where: Where): Document {
  const { genesis, upgrades } = lifecycle;
  const fresh: Document = { ...genesis, header: { ...genesis.header, revision: {} }, operations: {}, clipboard: [] };
  return upgrades.reduce((document, _, count) => upgradedBy(lifecycle, count, document, registry, where), fresh);
}

/** The document after the upgrade that follows so many others. Its `document` scope is a matter of its life. */
export function upgradedBy(
  lifecycle: Lifecycle,
  count: number,
  document: Document,
  registry: DocumentModelRegistry,
  where: Where,
): Document {
  const { operation, toVersion, fromVersion, state } = lifecycle.upgrades[count];
  const reducer = () => registry.getUpgrade(lifecycle.documentType, fromVersion, toVersion);
  const next = state ? { ...document, state } : upgrade(reducer(), document, operation, where);
  return { ...next, state: { ...next.state, [DOCUMENT_SCOPE]: ownOf(lifecycle) } };
}

/** With another state of the `document` scope itself. */
function withOwn(lifecycle: Lifecycle, own: Readonly<Record<string, unknown>>): Lifecycle {
  const { genesis } = lifecycle;
  const state = { ...genesis.state, [DOCUMENT_SCOPE]: own };
  freezeNew(state);
  return { ...lifecycle, genesis: { ...genesis, state } };
}

/** The state of the `document` scope itself. */
export function ownOf({ genesis }: Pick<Lifecycle, 'genesis'>): Readonly<Record<string, unknown>> {
  return genesis.state[DOCUMENT_SCOPE] as Readonly<Record<string, unknown>>;
}

function began(
  header: DocumentHeader,
  scopes: State,
  version: number,
  ids: readonly string[],
): Pick<Lifecycle, 'genesis' | 'ground'> {
  const { [DOCUMENT_SCOPE]: given, ...initialState } = scopes;
  const own = { ...(given as object | undefined), version, isDeleted: false };
  const state = { ...initialState, [DOCUMENT_SCOPE]: own };
  for (const part of [initialState, state, header.meta, header.sig]) freezeNew(part);
  const genesis: Document = { header, state, initialState, operations: {}, clipboard: [] };
  return { genesis, ground: groundOf(ids, header) };
}

/** The operations that say how a document begins. */
function idsOf({ ground }: Lifecycle): string[] {
  return (JSON.parse(ground) as string[]).slice(0, -1);
}

function groundOf(ids: readonly string[], { name, slug }: DocumentHeader): string {
  return JSON.stringify([...ids, `${name}\n${slug}`]);
}

interface HeaderFacts {
  readonly id: string;
  readonly documentType: string;
  readonly branch: string;
  readonly at: string;
  readonly slug?: unknown;
  readonly name?: unknown;
}

function headerOf({ id, documentType, branch, at, slug, name }: HeaderFacts): DocumentHeader {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    id,
    documentType,
    createdAtUtcIso: at,
    lastModifiedAtUtcIso: at,
    slug: text(slug),
    name: text(name),
    branch,
    revision: {},
  };
}

/** Versions count from 1; none and 0 mean the first. */
function versionOf(version: unknown): number {
  return typeof version === 'number' && version > 0 ? version : 1;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function bad({ documentId, branch }: Birth, { index }: Operation, what: string): TidemarkError {
  return new TidemarkError(
    'bad_history',
    `document ${describe(documentId)}, branch ${describe(branch)}: operation ${index} of the document scope ${what}`,
  );
}
