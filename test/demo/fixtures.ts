/** What the tests of the demo share: packages to show, a screen that is read, and a look for what is left. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChangeResult } from 'tidemark';
import { afterAll } from 'vitest';
import type { Report } from '../../demo/checks.ts';
import type { Database } from '../../demo/database.ts';
import type { PackageChange } from '../../demo/model.ts';
import { Repository, type RepositoryOptions } from '../../demo/repository.ts';
import type { Screen } from '../../demo/terminal.ts';

const HOSTILE = `<script>alert("it's")</script> & more`;

/** 25 packages: two pages of a list, one package that many need, one whose texts are HTML. */
export const MANIFESTS: Readonly<Record<string, object>> = {
  app: {
    name: 'app',
    version: '1.0.0',
    license: 'MIT',
    description: 'The application that needs all the others',
    dependencies: { hub: '^1.0.0', hostile: '*' },
    peerDependencies: { absent: '>=2' },
  },
  hub: {
    name: 'hub',
    version: '1.2.3',
    license: 'MIT',
    description: 'A hub for "spokes" & the like',
    dependencies: { leaf01: '1.x', leaf02: '1.x' },
  },
  hostile: { name: 'hostile', version: '0.0.1', license: '<b>MIT</b>', description: HOSTILE },
  ...Object.fromEntries(
    Array.from({ length: 22 }, (_, i) => {
      const name = `leaf${String(i + 1).padStart(2, '0')}`;
      return [name, { name, version: '1.0.0', license: i < 2 ? 'ISC' : 'MIT', description: `Leaf ${i + 1}` }];
    }),
  ),
};

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder like `node_modules` with these packages, by their place in it; a string is the manifest's text. */
export function installed(manifests: Readonly<Record<string, object | string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-demo-'));
  folders.push(folder);
  for (const [place, manifest] of Object.entries(manifests)) {
    mkdirSync(join(folder, place), { recursive: true });
    const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
    writeFileSync(join(folder, place, 'package.json'), text);
  }
  return folder;
}

/** A repository that commits changes, says nothing of them, and claims that it did. */
export class Careless extends Repository {
  readonly #database: Database;

  constructor({ database, ...options }: RepositoryOptions & { readonly database: Database }) {
    super(options);
    this.#database = database;
  }

  override async change(id: string, change: PackageChange): Promise<ChangeResult | undefined> {
    await this.#database.change(id, change);
    return { mark: undefined, reach: 'everywhere' };
  }
}

/** Nobody listens to what is told. */
export const UNHEARD: Report = { working: () => {}, step: () => {}, check: () => {} };

/** Is there a process of this number? */
export function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A screen that keeps what is written, and tells of it. */
export function screen({
  wrote = () => {},
  ...rest
}: Partial<Screen> & { readonly wrote?: (text: string) => void } = {}) {
  let all = '';
  const write = (text: string) => {
    all += text;
    wrote(text);
  };
  return {
    ...rest,
    write,
    get text() {
      return all;
    },
  };
}
