/** The shipped JSON schema says of each option what the reader says of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT_READERS, TASK_READERS } from '../../../src/build/config/settings.ts';
import { workspaceOf } from './workspaces.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly type?: string;
  readonly $ref?: string;
}

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../tidemark.build.schema.json'), 'utf8'),
) as Schema;
const definitions = schema.definitions!;

const namesOf = (of: Schema): readonly string[] => Object.keys(of.properties!).toSorted();
const accepts = (option: string, value: unknown): boolean => isAccepted({ [option]: value });
const acceptsForTask = (option: string, value: unknown): boolean =>
  isAccepted({ tasks: { t: { command: 'x', [option]: value } } });

function isAccepted(file: object): boolean {
  try {
    workspaceOf({ 'package.json': { name: 'one' }, 'tidemark.build.json': file });
    return true;
  } catch {
    return false;
  }
}

test('it has every option that is read, and no other', () => {
  expect(namesOf(schema)).toEqual(Object.keys(ROOT_READERS).toSorted());
  expect(namesOf(definitions.task)).toEqual(Object.keys(TASK_READERS).toSorted());
  for (const of of [schema, definitions.task, definitions.remote]) expect(of.additionalProperties).toBe(false);
});

test('every option of a remote is read', () => {
  const values: Readonly<Record<string, unknown>> = { url: 'http://a.b', directory: 'd', readOnly: true, token: 'T' };
  expect(namesOf(definitions.remote)).toEqual(Object.keys(values).toSorted());
  const { directory, ...byUrl } = values;
  expect(accepts('remote', byUrl)).toBe(true);
  expect(accepts('remote', [byUrl, { directory }])).toBe(true);
});

test('the words of an option are those that are read', () => {
  const words = (of: Schema, read: (option: string, value: unknown) => boolean): void => {
    for (const [name, option] of Object.entries(of.properties!)) {
      const inList = option.items?.enum;
      for (const word of option.enum ?? inList ?? [])
        expect([name, word, read(name, inList ? [word] : word)]).toEqual([name, word, true]);
      if (option.enum ?? inList) expect([name, read(name, inList ? ['another'] : 'another')]).toEqual([name, false]);
    }
  };
  words(schema, accepts);
  words(definitions.task, acceptsForTask);
});

test('the type of an option is the one that is read', () => {
  const examples: Readonly<Record<string, unknown>> = { string: 'x', boolean: true, integer: 2, array: [], object: {} };
  const types = (of: Schema, read: (option: string, value: unknown) => boolean): void => {
    for (const [name, option] of Object.entries(of.properties!)) {
      const { type } = option.$ref === undefined ? option : definitions[option.$ref.split('/').at(-1)!];
      if (type === undefined) continue;
      for (const [kind, example] of Object.entries(examples))
        expect([name, kind, read(name, example)]).toEqual([name, kind, kind === type]);
    }
  };
  types(schema, accepts);
  types(definitions.task, acceptsForTask);
});

test('the texts for sizes, ages and places that it allows are those that are read', () => {
  const pattern = (of: Schema): RegExp =>
    new RegExp((of.oneOf!.find(({ type }) => type === 'string') as { pattern: string }).pattern);
  for (const text of ['10GB', '10 gb', '1.5Mb', '5', 'b', '1tb', '7B'])
    expect([text, accepts('maxSize', text)]).toEqual([text, pattern(definitions.size).test(text)]);
  for (const text of ['30d', '30 D', '250ms', '1.5h', '5', '1w'])
    expect([text, accepts('maxAge', text)]).toEqual([text, pattern(definitions.duration).test(text)]);
  const { pattern: places } = definitions.task.properties!.dependsOn.items as { pattern: string };
  for (const text of ['t', '^t', 'one#t', '.#t', '^', 'one#', '#t', 'a^b'])
    expect([text, acceptsForTask('dependsOn', [text])]).toEqual([text, new RegExp(places).test(text)]);
});
