/** The store as one file that plain Node runs, for tests with processes that are killed or work side by side. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { folder } from './stores.ts';

const SOURCE = join(import.meta.dirname, '../../src/build/build-store.ts');

/** The path of a program that stands beside `store.mjs`. Both are gone after the test. */
export async function besideStore(program: string): Promise<string> {
  const place = folder();
  const bundle = await rolldown({ input: SOURCE, platform: 'node' });
  await bundle.write({ file: join(place, 'store.mjs'), format: 'esm' });
  await bundle.close();
  writeFileSync(join(place, 'program.mjs'), program);
  return join(place, 'program.mjs');
}
