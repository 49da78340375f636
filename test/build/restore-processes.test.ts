/** Processes that restore one package at once, some of which die: the package is never a mix. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { finishRestore } from '../../src/build/finish-restore.ts';
import { bench } from './restored-package.ts';
import { restoringProgram } from './restore-programs.ts';

/** Restores one of two sets of outputs again and again, and looks at the package whenever nobody has touched it meanwhile. */
const PROGRAM = `
const { sets, number, rounds } = told;
const earlier = sets.flat();
const journal = new Journal(state, new Confined(root).root, machineDisk);
const wanted = sets.map((outputs) => outputs.map(({ path, text }) => path + '=' + text).sort().join());
const seen = () => fs.readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => (entry.parentPath + '/' + entry.name).slice(root.length + 1))
  .map((path) => path + '=' + fs.readFileSync(root + '/' + path, 'utf8')).sort().join();
const answers = { restored: 0, looked: 0, mixes: [] };
for (let round = 0; round < rounds; round++) {
  const outputs = sets[(number + round) % 2];
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    try {
      finishRestore({ root, state, disk });
      restore(planRestore({ root, outputs, earlier, blobs, state, disk }), { blobs, state, disk });
      answers.restored++;
      break;
    } catch (error) {
      if (error.code !== 'in_use') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1 + number);
    }
  }
  try {
    const before = journal.last();
    if (journal.isThere()) continue;
    const found = seen();
    if (journal.isThere() || journal.last() !== before) continue;
    answers.looked++;
    if (!wanted.includes(found)) answers.mixes.push(found);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error; // somebody else goes on
  }
}
process.stdout.write(JSON.stringify(answers));
`;

const PROCESSES = 8;
const ROUNDS = 6;

test('eight processes, two of which are killed: each restores, and no look finds a mix of two sets of outputs', async () => {
  const here = bench();
  const program = await restoringProgram(here.outside, PROGRAM);
  const set = (name: string, paths: readonly string[]) =>
    paths.map((path) => ({ ...here.file(path, `${name} ${path}`), text: `${name} ${path}` }));
  const sets = [
    set('one', ['dist/a', 'dist/b', 'dist/deep/er/c', 'only/one', 'root']),
    set('two', ['dist/a', 'dist/b', 'dist/deep', 'only/two/x', 'root']),
  ];
  const store = dirname(here.blobs.path('x'));
  const said = await Promise.all(
    Array.from({ length: PROCESSES }, async (_, number) => {
      const end = number < 2 ? 40 + 25 * number : 0; // the change at which it is killed
      const told = { root: here.root, state: here.state, store, end, sets, number, rounds: ROUNDS };
      const child = spawn(process.execPath, [program, JSON.stringify(told)], { timeout: 60_000 });
      let [out, errors] = ['', ''];
      child.stdout.on('data', (bytes) => (out += bytes));
      child.stderr.on('data', (bytes) => (errors += bytes));
      const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
      expect([errors, code, signal]).toEqual(number < 2 ? ['', null, 'SIGKILL'] : ['', 0, null]);
      return out === '' ? undefined : (JSON.parse(out) as { restored: number; looked: number; mixes: string[] });
    }),
  );
  const lived = said.filter((answers) => answers !== undefined);
  expect(lived.map(({ restored }) => restored)).toEqual(Array.from({ length: PROCESSES - 2 }, () => ROUNDS));
  expect(lived.flatMap(({ mixes }) => mixes)).toEqual([]);
  expect(Math.max(...lived.map(({ looked }) => looked))).toBeGreaterThan(0);
  finishRestore(here.place());
  const texts = new Set(Object.values(here.tree()).map((text) => text.split(' ')[1]));
  expect(texts.size).toBe(1);
}, 60_000);
