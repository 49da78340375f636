/** Names of configuration files that many tools have in common. */

/** `name.js`, `name.mjs`, … in the order of the endings, which are separated by spaces. */
export function withEndings(name: string, endings: string): readonly string[] {
  return endings.split(' ').map((ending) => `${name}.${ending}`);
}

/** Every kind of module, in the order in which most tools look. */
export const MODULES = 'js mjs cjs ts mts cts';

/** Files of environment variables, as vite reads them. */
export function dotenvNames(mode: string): readonly string[] {
  return ['.env', '.env.local', `.env.${mode}`, `.env.${mode}.local`];
}
