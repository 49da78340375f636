/** The words of the documentation are true: every TypeScript snippet in it compiles against the package, and runs. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'rolldown/utils';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RedisServer, withoutRedis } from '../support/redis-server.ts';
import { filesBelow, lineCount, read, root } from '../support/repository.ts';

type Snippet = { readonly name: string; readonly place: string; readonly code: string; readonly runs: boolean };

/** Inside the repository, so that the name `tidemark` means this package. */
const folder = join(root, '.snippets');

const snippets = ['README.md', ...filesBelow('docs', '.md')].flatMap(snippetsOf);

/** Snippets that show a server are given one of their own. */
const needsRedis = ({ code }: Snippet): boolean => code.includes('REDIS_URL');
let redis: RedisServer | undefined;

beforeAll(async () => {
  if (!withoutRedis && snippets.some(needsRedis)) redis = await RedisServer.start();
  if (redis) process.env['REDIS_URL'] = `redis://127.0.0.1:${redis.port}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const compilerOptions = { moduleDetection: 'force', noUnusedLocals: false, incremental: false };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../tsconfig.test.json', include: ['*.ts'], compilerOptions }),
  );
  for (const { name, code } of snippets) writeFileSync(join(folder, `${name}.ts`), code);
});

afterAll(async () => redis?.close());

test('README.md has at most 150 lines', () => {
  expect(lineCount(read('README.md'))).toBeLessThanOrEqual(150);
});

test('README.md shows TypeScript', () => {
  expect(snippets.filter(({ place }) => place.startsWith('README.md'))).not.toEqual([]);
});

test('every snippet compiles', () => {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { cwd: root, encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
}, 60_000);

test.for(snippets.filter(({ runs }) => runs))('$place runs', async (snippet, { skip }) => {
  const { name } = snippet;
  if (withoutRedis && needsRedis(snippet)) skip(withoutRedis);
  await expect(import(/* @vite-ignore */ join(folder, `${name}.ts`))).resolves.toBeDefined();
});

test('a snippet that does not run shows signatures only', () => {
  const still = snippets.filter(({ runs }) => !runs);
  console.log(
    [`${snippets.length} snippets, ${still.length} not run`, ...still.map(({ place }) => place)].join('\n  '),
  );
  expect(still.filter(({ code }) => !isSignature(code)).map(({ place }) => place)).toEqual([]);
});

/** The fenced blocks that are marked `ts`, or `ts no-run`. */
function snippetsOf(path: string): readonly Snippet[] {
  const text = read(path);
  return [...text.matchAll(/^ *```(?:ts|typescript)\b(.*)\n([^]*?)^ *```$/gm)].map((match) => {
    const line = lineCount(text.slice(0, match.index)) + 1;
    const name = `${path.replace(/\.md$/, '').replaceAll('/', '_')}-${line}`.toLowerCase();
    return { name, place: `${path}:${line}`, code: match[2] ?? '', runs: match[1]?.trim() !== 'no-run' };
  });
}

/** Whether nothing in a snippet could run: it imports and declares, and that is all. */
function isSignature(code: string): boolean {
  return parseSync('snippet.ts', code).program.body.every((statement) => {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declared === null || declared.type === 'ImportDeclaration') return true;
    return declared.type.startsWith('TS') || ('declare' in declared && declared.declare);
  });
}
