/** The page's script is text in the sources, so that no build has to put it there: here it is compiled and linted all the same. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCache } from 'tidemark';
import { contentAdmin } from 'tidemark/content/admin';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../support/repository.ts';
import { cms } from './cms.ts';

let folder: string;
let file: string;

const run = (command: readonly string[]) => {
  const { status, stdout } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  return { status, stdout };
};

beforeAll(async () => {
  const namespace = { list: async () => ({ keys: [], list_complete: true as const }) };
  const { ask } = await cms({ warm: async () => ({ warmed: 0, failed: 0 }), kv: { namespace } }); // so that every panel is there
  const page = await (await ask('/cache')).text();
  const script = /<script nonce="[0-9a-f]+">([^]*?)<\/script>/.exec(page)?.[1] ?? '';
  expect(script.split('\n').length).toBeGreaterThan(300);
  folder = mkdtempSync(join(tmpdir(), 'tidemark-page-'));
  file = join(folder, 'page.js');
  writeFileSync(file, script);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it compiles: no name is unknown, and what browsers have is used as they have it', { timeout: 60_000 }, () => {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const libraries = ['--target', 'es2023', '--lib', 'es2023,dom,dom.iterable', '--types', ''];
  const checks = [
    '--ignoreConfig',
    '--allowJs',
    '--checkJs',
    '--noEmit',
    '--strict',
    'false',
    '--strictNullChecks',
    'false',
  ];
  expect(run([tsc, ...checks, '--noUnusedLocals', ...libraries, file])).toEqual({ status: 0, stdout: '' });
});

test('it passes the linter, promises aside: what listeners return is nobody’s', { timeout: 60_000 }, () => {
  const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const aside = ['misused', 'floating'].flatMap((kind) => ['-A', `typescript/no-${kind}-promises`]);
  const { status, stdout } = run([oxlint, '-c', '.oxlintrc.json', ...aside, file]);
  expect(status, stdout).toBe(0);
});

test('no name of a cache, of an actor or of a tier ends it early', async () => {
  const evil = '</script><script>alert(1)</script><!-- "\' & \u2028';
  const cache = createCache({ name: evil });
  const authorize = () => ({ actor: evil, canWrite: true });
  const namespace = { list: async () => ({ keys: [], list_complete: true as const }) };
  const admin = contentAdmin({ content: { cache }, authorize, kv: { namespace, name: evil } });
  const page = await (await admin(new Request('https://cms.test/cache'))).text();
  expect(page).not.toContain('<script>alert');
  expect(page).not.toContain('<!--');
  expect(page.match(/<\/script>/g)).toHaveLength(2);
  const setup = /<script type="application\/json"[^>]*>([^]*?)<\/script>/.exec(page)?.[1] ?? '';
  expect(JSON.parse(setup)).toMatchObject({ cache: evil, actor: evil, kvTier: evil });
});
