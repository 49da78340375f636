/** Histories by chance: everything that may happen to a document, in any order, the same for the same random numbers. */
import type { State } from '../../documents/document.ts';
import { DOCUMENT_SCOPE, type Operation, type Protocol } from '../../documents/operation.ts';
import type { Random } from '../../engine/clock.ts';
import { below, pick } from '../random.ts';
import { type Beginning, DocumentHistory } from './history.ts';
import { type ActionDraft, deleteDocument, noop } from './history-operations.ts';
import type { SampleModel } from './models/sample-model.ts';

/** What somebody may do to a document, and how often, against the others. */
type Weights = Readonly<Record<keyof typeof usual, number>>;

const usual = {
  add: 36,
  undo: 14,
  redo: 8,
  prune: 4,
  /** A NOOP or another action that takes back none to many operations. */
  skip: 10,
  denied: 5,
  failed: 5,
  upgrade: 3,
  /** An action in the scope `document` that the model does. */
  rename: 2,
  /** An upgrade or a deletion that was denied or failed. */
  futile: 2,
  delete: 1,
};

/** What a history by chance is made of. */
export interface RandomHistoryOptions {
  readonly model: SampleModel;
  /** How many things happen after the beginning, each an operation. */
  readonly length: number;
  readonly protocol: Protocol;
  /** Those of the model that operations are made for; the first gets most. Default `['global']`. */
  readonly scopes?: readonly string[] | undefined;
  /** One of these. By default of all but `absent`. */
  readonly beginnings?: readonly Beginning[] | undefined;
  /** Instead of the usual ones: `{ undo: 50, delete: 0 }`. */
  readonly weights?: Partial<Weights> | undefined;
  readonly documentId?: string | undefined;
  readonly branch?: string | undefined;
}

/**
 * A history by chance. Most of its actions can be done where they stand; what can't is stored as failed.
 *
 * ```ts
 * const history = randomHistory(seededRandom(7), { model: textList, length: 40, protocol: 2 });
 * ```
 */
export function randomHistory(random: Random, options: RandomHistoryOptions): DocumentHistory {
  const { model, length, scopes = ['global'] } = options;
  for (let i = 0; i < 10; i++) random(); // seeds that lie side by side give first numbers that do
  const history = begin(random, options);
  const weights = { ...usual, ...options.weights };
  let deleted = false;
  for (let i = 0; i < length; i++) {
    const scope = random() < 0.75 ? scopes[0] : pick(scopes, random);
    const move = weighted(weights, random);
    if (move === 'delete' && !deleted) {
      deleted = true;
      history.delete();
    } else if (move === 'upgrade' && history.version < model.models.length) upgrade(random, history);
    else play(random, history, move, scope);
  }
  return history;
}

function begin(random: Random, options: RandomHistoryOptions): DocumentHistory {
  const { model, protocol, documentId, branch } = options;
  const beginning = pick(options.beginnings ?? (['created', 'unnamed', 'seeded', 'upgraded'] as const), random);
  const version = beginning === 'unnamed' || random() < 0.7 ? 1 : model.models.length;
  const seed = stateByChance(random, model, version);
  const step = () => pick([0, 1, 1, 20, 1000, 86_400_000], random);
  return new DocumentHistory({ model, protocol, documentId, branch, beginning, version, seed, step });
}

function play(random: Random, history: DocumentHistory, move: keyof Weights, scope: string): Operation {
  const skip = random() < 0.2 ? 1 + below(4, random) : 0; // of no effect where it is handed on
  switch (move) {
    case 'undo':
      return history.undo(scope);
    case 'redo':
      return history.canRedo(scope) ? history.redo(scope) : history.undo(scope);
    case 'prune':
      return history.prune(1 + below(6, random), scope);
    case 'skip': {
      const many = random() < 0.1 ? 100 : below(5, random);
      return random() < 0.5
        ? history.add(noop(scope), { skip: many })
        : history.attempt(valid(random, history, scope, many), { skip: many });
    }
    case 'denied':
      return history.void(valid(random, history, scope), { deniedReason: 'not allowed' }, { skip });
    case 'failed':
      return history.void(invalid(random, history, scope), { error: 'it failed' }, { skip });
    case 'rename':
      return history.add(valid(random, history, DOCUMENT_SCOPE), { skip });
    case 'futile':
      return history.void(futile(random, history), pick([{ error: 'it failed' }, { deniedReason: 'no' }], random));
    default:
      return history.attempt(random() < 0.05 ? invalid(random, history, scope) : valid(random, history, scope));
  }
}

function valid(random: Random, history: DocumentHistory, scope: string, skip = 0): ActionDraft {
  const { version, length } = history;
  return history.model.validAction(random, { state: history.state(scope, skip), scope, version, number: length });
}

function invalid(random: Random, history: DocumentHistory, scope: string): ActionDraft {
  const { version, length } = history;
  return history.model.invalidAction(random, { state: history.state(scope), scope, version, number: length });
}

function futile(random: Random, history: DocumentHistory): ActionDraft {
  const more = history.version < history.model.models.length;
  return more && random() < 0.5 ? history.upgradeAction() : deleteDocument(history.documentId);
}

function upgrade(random: Random, history: DocumentHistory): void {
  const { model, version } = history;
  const toVersion = version + 1 + below(model.models.length - version, random);
  const boundary = pick(['revision', 'timestamp'] as const, random);
  const initialState = random() < 0.2 ? stateByChance(random, model, toVersion) : undefined;
  history.upgrade(toVersion, { boundary, initialState });
}

/** What some actions make of a model's initial state. */
function stateByChance(random: Random, model: SampleModel, version: number): State {
  const { documentType } = model;
  const author = new DocumentHistory({ model, version, documentId: `seed of a ${documentType}` });
  const scope = model.scopes[0];
  for (let i = below(4, random); i > 0; i--) author.add(valid(random, author, scope));
  return author.state(scope);
}

function weighted(weights: Weights, random: Random): keyof Weights {
  const moves = Object.keys(weights) as (keyof Weights)[];
  let rest = random() * moves.reduce((sum, move) => sum + weights[move], 0);
  return moves.find((move) => (rest -= weights[move]) < 0) ?? 'add';
}
