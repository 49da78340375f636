/** Whether something read from a file has exactly the right names, with values of the right kind. */

/** Whether a value is of a kind. */
export type Check = (value: unknown) => boolean;

/** Whether all these names are there with values that their checks allow, and no other name. */
export function shape(checks: Readonly<Record<string, Check>>): Check {
  const all = Object.entries(checks);
  return (value) => {
    if (!isObject(value) || Object.keys(value).length !== all.length) return false;
    for (const [name, check] of all) if (!check(value[name])) return false;
    return true;
  };
}

/** Whether it is an object with names. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether it is text. */
export const isText: Check = (value) => typeof value === 'string';

/** Whether it is one value. */
export const is =
  (word: unknown): Check =>
  (value) =>
    value === word;

/** Whether one of these says so. */
export const isOneOf =
  (checks: readonly Check[]): Check =>
  (value) => {
    for (const check of checks) if (check(value)) return true;
    return false;
  };

/** Whether it is a list of such. */
export const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
