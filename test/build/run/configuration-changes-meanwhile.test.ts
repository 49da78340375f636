/** What isn't an input but counts - configuration, lockfile, packages - may change while a command runs, too. */
import { expect, test } from 'vitest';
import { Repository, script } from './repository.ts';

const LOCK = JSON.stringify({ lockfileVersion: 3, packages: { '': {} } });

test.for([
  ['package.json', '{"version":"2.0.0"}'],
  ['package-lock.json', JSON.stringify({ lockfileVersion: 3, packages: { '': { version: '2.0.0' } } })],
  ['settings.json', '{}'],
])('%s changes while it runs: nothing is kept', async ([path, text]) => {
  const repository = new Repository().write({ 'src/a.txt': 'a', 'package.json': '{}', 'package-lock.json': LOCK });
  const change = `write('../${path}', ${JSON.stringify(text)}); fs.mkdirSync('../dist'); fs.writeFileSync('../dist/a', '');`;
  const task = { cwd: `${repository.root}/src`, inputs: ['src/**'], outputs: ['dist/**'], configs: ['settings.json'] };
  const result = await repository.run({ ...task, command: script(change) });
  expect(result).toMatchObject({ outcome: 'ran', exitCode: 0, notStored: { reason: 'inputs changed' } });
  expect(result.notStored?.text).toMatch(/^inputs changed while it ran: "(config:|lockfile)/);
});
