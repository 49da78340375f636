/** As much of JSON Schema (draft 2020-12) as the API's own schema uses, so that its answers can be compared with it. */

export type Schema = { readonly [keyword: string]: unknown };

const KNOWN =
  'type properties required additionalProperties items enum const minimum maximum anyOf format description $ref';

/** What is wrong with a value, as paths and reasons; empty if it is as the schema says. */
export function violations(root: Schema, schema: Schema, value: unknown, path = '$'): readonly string[] {
  const unknown = Object.keys(schema).filter((keyword) => !KNOWN.split(' ').includes(keyword));
  if (unknown.length > 0) throw new Error(`${path}: this validator doesn't know ${unknown.join(', ')}`);
  const within = (part: unknown, inner: unknown, at: string) => violations(root, part as Schema, inner, at);
  const wrong: string[] = [];
  const { $ref, anyOf, type, minimum = -Infinity, maximum = Infinity, properties = {}, required = [] } = schema;
  if (typeof $ref === 'string') wrong.push(...within(resolve(root, $ref), value, path));
  if (Array.isArray(anyOf) && !anyOf.some((one) => within(one, value, path).length === 0))
    wrong.push(`${path}: none of anyOf`);
  if (type !== undefined && ![type].flat().some((one) => is(one as string, value)))
    wrong.push(`${path}: not ${JSON.stringify(type)}`);
  if (Array.isArray(schema['enum']) && !schema['enum'].includes(value)) wrong.push(`${path}: none of enum`);
  if ('const' in schema && schema['const'] !== value) wrong.push(`${path}: not const`);
  if (typeof value === 'number' && (value < (minimum as number) || value > (maximum as number)))
    wrong.push(`${path}: out of range`);
  if (schema['format'] === 'date-time' && Number.isNaN(Date.parse(String(value)))) wrong.push(`${path}: no time`);
  if (Array.isArray(value) && schema['items'] !== undefined)
    value.forEach((item, i) => wrong.push(...within(schema['items'], item, `${path}[${i}]`)));
  if (is('object', value)) {
    for (const name of required as string[])
      if (!Object.hasOwn(value as object, name)) wrong.push(`${path}.${name}: missing`);
    for (const [name, inner] of Object.entries(value as object)) {
      const part = (properties as Record<string, unknown>)[name];
      if (part !== undefined) wrong.push(...within(part, inner, `${path}.${name}`));
      else if (schema['additionalProperties'] === false) wrong.push(`${path}.${name}: not known`);
    }
  }
  return wrong;
}

function resolve(root: Schema, ref: string): unknown {
  return ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((part, name) => {
      if (!Object.hasOwn(part as object, name)) throw new Error(`nothing is at ${ref}`);
      return (part as Schema)[name];
    }, root);
}

function is(type: string, value: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}
