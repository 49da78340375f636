/** Every door of the package is listed, exists, opens, and, unless it says otherwise, runs without Node. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { Miniflare } from 'miniflare';
import { rolldown } from 'rolldown';
import { afterAll, describe, expect, test } from 'vitest';
import { type Door, doors, filesBelow, manifest, read, root } from '../support/repository.ts';

/** Doors that need Node; every other door runs in Workers and browsers. */
const nodeOnly: readonly string[] = [
  './codecs/packed',
  './backends/lmdb',
  './build',
  './embedded',
  './embedded/keyv',
  './embedded/migrate',
];

/** What Workers, browsers and Node all offer. */
const webGlobals =
  'AbortController AbortSignal Event EventTarget TextDecoder TextEncoder URL clearTimeout crypto performance queueMicrotask setTimeout structuredClone';

const portable = [...doors].filter(([name]) => !nodeOnly.includes(name));

describe('package.json', () => {
  test('gives every door its source, its types and its code, in this order', () => {
    for (const [name, door] of doors) {
      const path = door['@tidemark/source'].replace(/^\.\/src\/(.+)\.ts$/, '$1');
      const conditions: Door = {
        '@tidemark/source': `./src/${path}.ts`,
        types: `./dist/${path}.d.ts`,
        default: `./dist/${path}.js`,
      };
      expect(JSON.stringify(door), name).toBe(JSON.stringify(conditions));
      expect(`./${path}`.replace(/\/index$/, ''), 'a door is named after its file').toBe(name);
      expect(existsSync(join(root, door['@tidemark/source'])), `the file of ${name} exists`).toBe(true);
    }
  });

  test('has no wildcard and no export of another kind', () => {
    const others = Object.keys(manifest.exports).filter((name) => !doors.has(name) || name.includes('*'));
    expect(others).toEqual(['./package.json']);
  });

  test('has a door for every index file in src', () => {
    const open = new Set([...doors.values()].map((door) => door['@tidemark/source']));
    const indexes = filesBelow('src', '.ts').filter((path) => path.endsWith('/index.ts'));
    expect(indexes.filter((path) => !open.has(`./${path}`))).toEqual([]);
  });
});

test('tsconfig.portable.json lists exactly the portable doors', () => {
  const { files } = JSON.parse(read('tsconfig.portable.json').replace(/^\s*\/\/.*$/gm, '')) as { files: string[] };
  expect(files.map((path) => `./${path}`).toSorted()).toEqual(
    portable.map(([, door]) => door['@tidemark/source']).toSorted(),
  );
});

describe('a portable door', () => {
  const sizes: string[] = [];
  afterAll(() => console.log(sizes.join('\n')));

  test.each(portable)('%s bundles with nothing left outside, and runs where there is no Node', async (name, door) => {
    const { code, imports } = await bundle(door['@tidemark/source']);
    expect(imports, 'imports left outside').toEqual([]);
    sizes.push(`${name.padEnd(24)} ${kilobytes(code.length)} minified  ${kilobytes(gzipSync(code).length)} gzipped`);

    const source = (await import(/* @vite-ignore */ name.replace(/^\./, 'tidemark'))) as object;
    expect(Object.keys(openWithoutNode(code)).toSorted()).toEqual(Object.keys(source).toSorted());
  });

  test('opens in a Worker, where nothing may be begun while modules load', { timeout: 60_000 }, async () => {
    const opened = await Promise.all(
      portable.map(async ([name, door], i) => {
        const { code } = await bundle(door['@tidemark/source']);
        return { name, path: `door${i}.js`, contents: `${code}; export default Object.keys(door).length;` };
      }),
    );
    const imports = opened.map(({ path }, i) => `import door${i} from './${path}';`).join('\n');
    const counts = `[${opened.map((_, i) => `door${i}`).join(', ')}]`;
    const main = `${imports}\nexport default { fetch: () => Response.json(${counts}) };`;
    const miniflare = new Miniflare({
      modules: [{ path: 'main.js', contents: main }, ...opened].map(({ path, contents }) => {
        return { type: 'ESModule' as const, path: join(root, path), contents };
      }),
      modulesRoot: root,
      compatibilityDate: '2026-01-01',
    });
    try {
      const answer = (await (await miniflare.dispatchFetch('http://worker/')).json()) as number[];
      expect(answer.filter((exported) => exported > 0)).toHaveLength(portable.length);
    } finally {
      await miniflare.dispose();
    }
  });
});

/** One script that leaves the door's exports in the variable `door`. */
async function bundle(input: string): Promise<{ readonly code: string; readonly imports: readonly string[] }> {
  const build = await rolldown({ input, cwd: root, platform: 'neutral', logLevel: 'silent' });
  try {
    const { output } = await build.generate({ format: 'iife', name: 'door', minify: true });
    return { code: output[0].code, imports: [...output[0].imports, ...output[0].dynamicImports] };
  } finally {
    await build.close();
  }
}

/** Runs a bundle beside the globals that Workers, browsers and Node share, and none of Node's own. */
function openWithoutNode(code: string): object {
  const shared = Object.fromEntries(
    webGlobals.split(' ').map((name) => [name, Reflect.get(globalThis, name) as unknown]),
  );
  return runInContext(`${code}; door`, createContext(shared)) as object;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1).padStart(6)} kB`;
}
