/** What the API takes and answers, as JSON Schema (draft 2020-12); `GET /cache/schema.json` serves it. */

/** A part of a JSON Schema. */
export type JsonSchema = { readonly [keyword: string]: unknown };

type Fields = Readonly<Record<string, JsonSchema>>;

const text: JsonSchema = { type: 'string' };
const yes: JsonSchema = { type: 'boolean' };
const count: JsonSchema = { type: 'integer', minimum: 0 };
const number: JsonSchema = { type: 'number' };
const texts: JsonSchema = { type: 'array', items: text };
const key: JsonSchema = { ...texts, description: 'A key: the segments of its path, the namespace first.' };
const orNull = (schema: JsonSchema, description?: string): JsonSchema => ({
  anyOf: [schema, { type: 'null' }],
  ...(description !== undefined && { description }),
});
const many = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const ref = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` });

/** All of these, and nothing else. */
const exactly = (properties: Fields, description?: string): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...(description !== undefined && { description }),
});

/** Any of these, and nothing else. */
const some = (properties: Fields, description: string): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
  description,
});

const ms = 'Milliseconds; null means for ever.';
const READS = ['hits', 'stale', 'loaded', 'joined', 'absent', 'failed', 'aborted'];
const WORK = ['loads', 'loadFailures', 'overtaken', 'refreshes', 'sets'];
const figures: Fields = {
  ...Object.fromEntries([...READS, 'reads', ...WORK].map((name) => [name, count])),
  hitRatio: { type: 'number', minimum: 0, maximum: 1 },
};
const tier = {
  name: text,
  breaker: { enum: ['closed', 'open', 'half-open'] },
  distrusted: { enum: ['no', 'partly', 'wholly'] },
};
const delivery = exactly({ count, p50: number, p99: number, max: number });
const log = exactly({
  incarnation: text,
  known: number,
  applied: number,
  unsaid: count,
  silentFor: orNull(number, 'Milliseconds; null before the log was first heard.'),
  silent: yes,
  delivery,
  stamps: exactly({ held: count, table: count, floor: number }),
});
const wouldFall = many(exactly({ key, text }));
const segment: JsonSchema = { type: ['string', 'number'] };
const reach: JsonSchema = { enum: ['everywhere', 'local', null] };
const keyGiven: JsonSchema = { anyOf: [segment, many(segment)] };

const entry = exactly({
  verdict: { enum: ['valid', 'soft', 'invalid', 'unknown'] },
  mark: number,
  incarnation: text,
  freshFor: orNull(number, ms),
  keptFor: orNull(number, ms),
  etag: orNull(text),
  dependencies: many(exactly({ dependency: text, stamp: orNull(number), newer: yes })),
  value: orNull(exactly({ text, cut: yes }), 'The beginning of the value, where it was asked for and may be shown.'),
});

const $defs: Fields = {
  Error: exactly({ error: exactly({ code: text, message: text }) }, 'Every answer of status 400 and above but 503.'),
  Figures: exactly({ ...figures, bypassed: count }, 'One read is one outcome: reads is the sum of hits to aborted.'),
  Namespace: exactly(
    { name: text, collections: texts, ...figures, bypassed: count },
    'collections: what it is made of. bypassed: reads that the switches sent to the source.',
  ),
  Collection: exactly({ name: text, ...figures }),
  Stats: exactly({
    at: { type: 'string', format: 'date-time' },
    cache: text,
    totals: ref('Figures'),
    namespaces: many(ref('Namespace')),
    collections: many(ref('Collection')),
    tiers: many(ref('Tier')),
    log,
  }),
  Tier: exactly({
    ...tier,
    ...Object.fromEntries(['reads', 'found', 'failures', 'skipped'].map((name) => [name, count])),
    ...Object.fromEntries(['entries', 'bytes', 'evicted', 'expired'].map((name) => [name, orNull(count)])),
    gauges: { type: 'object', additionalProperties: count, description: 'What the store counts besides, by name.' },
  }),
  Health: exactly(
    { ok: yes, reasons: texts, notes: texts },
    'Status 200 if ok, 503 if not. notes: what was switched off.',
  ),
  Keys: exactly({
    entries: many(
      exactly({
        key,
        text,
        collection: orNull(text),
        tier: text,
        valid: yes,
        mark: number,
        freshFor: orNull(number, ms),
        keptFor: orNull(number, ms),
        dependencies: count,
      }),
    ),
    next: orNull(text, 'Give it as `after` for the next page; a page may be short, or empty, and not the last.'),
  }),
  KvKeys: exactly({
    entries: many(exactly({ key, text, tier: text, expiresAt: orNull(text), cut: yes })),
    next: orNull(text),
    late: text,
  }),
  Entry: exactly({
    key,
    text,
    collection: orNull(text),
    mark: number,
    floor: number,
    incarnation: text,
    inFlight: yes,
    tiers: many(exactly({ tier: text, found: yes, served: yes, why: text, entry: orNull(entry) })),
  }),
  Log: exactly({ invalidations: many(ref('Invalidation')), next: orNull(text) }, 'Newest first.'),
  Invalidation: exactly({
    id: count,
    at: { type: 'string', format: 'date-time' },
    kind: { enum: ['event', 'write', 'direct'] },
    event: orNull(text),
    rules: texts,
    write: orNull(exactly({ repository: text, ids: texts, count })),
    dependencies: texts,
    dependencyCount: count,
    entries: orNull(count, 'What memory held of it just before; null if it was not counted.'),
    reach,
    mark: orNull(number),
    actor: orNull(text),
    ms: orNull(number),
  }),
  Invalidate: some(
    {
      key: keyGiven,
      keys: many(keyGiven),
      prefix: keyGiven,
      tags: texts,
      pattern: { anyOf: [text, many(segment)] },
      all: { const: true },
      event: text,
      payload: { type: 'object' },
      dryRun: yes,
    },
    'What has changed: one or more of key, keys, prefix, tags, pattern, all; or an event and its payload.',
  ),
  WouldDrop: exactly(
    { dryRun: { const: true }, rules: texts, dependencies: texts, entries: count, keys: wouldFall },
    'What would fall of what memory holds: how many keys, and the first hundred. Nothing was changed.',
  ),
  Changed: exactly(
    { dryRun: { const: false }, mark: orNull(number), reach },
    'local: the log will be told; null: no rule said that anything has changed.',
  ),
  Clear: some(
    { collection: text, namespace: text, dryRun: yes },
    'Everything, one collection, or all collections of one namespace.',
  ),
  Warm: some({}, 'Nothing is asked.'),
  Warmed: exactly({ warmed: count, failed: count }),
};

const answer = (...names: readonly string[]): JsonSchema =>
  names.length === 1 ? ref(names[0]) : { anyOf: names.map(ref) };

/** By route, what is taken and what is answered; other routes answer with a page or plain text. */
const routes: Readonly<Record<string, { readonly body?: JsonSchema; readonly answer: JsonSchema }>> = {
  'GET /stats': { answer: answer('Stats') },
  'GET /stats/:namespace': { answer: answer('Namespace') },
  'GET /health': { answer: answer('Health') },
  'GET /keys': { answer: answer('Keys', 'KvKeys') },
  'GET /keys/:key': { answer: answer('Entry') },
  'GET /log': { answer: answer('Log') },
  'POST /invalidate': { body: ref('Invalidate'), answer: answer('WouldDrop', 'Changed') },
  'POST /clear': { body: ref('Clear'), answer: answer('WouldDrop', 'Changed') },
  'POST /warm': { body: ref('Warm'), answer: answer('Warmed') },
};

/** The schema of everything. */
export const adminSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'The API over a content cache',
  $defs,
  routes,
};
