/** Programs that restore a package in processes of their own, from this source. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const SOURCE = join(import.meta.dirname, '../../src/build');

/**
 * What every program begins with: what it was told, blobs, and a disk on which the process is killed at a given change. A
 * change that writes is cut in its middle.
 */
const BEGINNING = `
import fs from 'node:fs';
import { Confined, finishRestore, isRestorePending, Journal, machineDisk, planRestore, restore } from './restoring.mjs';
const told = JSON.parse(process.argv[2]);
const { root, state, store, end } = told;
const blobs = { path: (digest) => store + '/' + digest };
let changes = 0;
const disk = new Proxy(machineDisk, {
  get(target, name) {
    return (...args) => {
      if (/^(?:chmod|copyFile|fchmod|link|mkdir|rename|rmdir|symlink|unlink|write|writeFile)Sync$/.test(name) && ++changes === end) {
        if (name === 'writeSync') target.writeSync(args[0], args[1], args[2], args[3] >> 1);
        if (name === 'writeFileSync') target.writeFileSync(args[0], args[1].slice(0, args[1].length >> 1), args[2]);
        process.kill(process.pid, 'SIGKILL');
      }
      return target[name](...args);
    };
  },
});
`;

/** Writes a program into a directory; the path of it. */
export async function restoringProgram(directory: string, text: string): Promise<string> {
  const names = ['confined', 'disk', 'finish-restore', 'journal', 'restore-plan', 'restore'];
  const entry = names.map((name) => `export * from ${JSON.stringify(join(SOURCE, `${name}.ts`))};`).join('\n');
  const input = join(directory, 'entry.ts');
  writeFileSync(input, entry);
  const bundle = await rolldown({ input, platform: 'node' });
  await bundle.write({ file: join(directory, 'restoring.mjs'), format: 'esm' });
  await bundle.close();
  const path = join(directory, 'program.mjs');
  writeFileSync(path, BEGINNING + text);
  return path;
}
