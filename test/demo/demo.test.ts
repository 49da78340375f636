/** The demo: what it reads, what it serves and to whom, that no page is ever old after a change, and how it ends. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type Cache, createCache, memory } from 'tidemark';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { packagePath, type Site, siteOf } from '../../demo/addresses.ts';
import { type Catalogue, parseManifest, readCatalogue } from '../../demo/catalogue.ts';
import type { Check } from '../../demo/checks.ts';
import { Client } from '../../demo/client.ts';
import { Database } from '../../demo/database.ts';
import { readFlags } from '../../demo/flags.ts';
import { Gate } from '../../demo/gate.ts';
import { Latencies } from '../../demo/latencies.ts';
import { planRequests } from '../../demo/load.ts';
import { prove } from '../../demo/proof.ts';
import { Repository } from '../../demo/repository.ts';
import { type Listening, listen } from '../../demo/server.ts';
import { createService } from '../../demo/service.ts';
import { tell } from '../../demo/story.ts';
import { chooseSubject } from '../../demo/subject.ts';
import { type Screen, Terminal } from '../../demo/terminal.ts';
import { seeded, zipf } from '../../demo/zipf.ts';
import { Careless, installed, MANIFESTS, screen } from './fixtures.ts';

const TOKEN = 'a-token-for-tests';

describe('a manifest', () => {
  const named = { name: 'a', version: '1.0.0' };

  test.each([
    ['not JSON', '{', 'not JSON'],
    ['no object', '[]', 'not an object'],
    ['null', 'null', 'not an object'],
    ['no name', '{"version":"1.0.0"}', 'no name or no version'],
    ['a name that is no text', '{"name":7,"version":"1.0.0"}', 'no name or no version'],
    ['an empty version', '{"name":"a","version":" "}', 'no name or no version'],
  ])('that is %s is refused in a sentence', (_, text, reason) => {
    expect(() => parseManifest(text)).toThrow(reason);
  });

  test.each([
    ['text', 'MIT', 'MIT'],
    ['an object', { type: 'BSD-3-Clause', url: 'x' }, 'BSD-3-Clause'],
    ['a list', [{ type: 'MIT' }, { type: 'Apache-2.0' }], 'MIT OR Apache-2.0'],
    ['a number', 7, 'unknown'],
    ['nothing', undefined, 'unknown'],
  ])('whose licence is %s has a licence', (_, license, expected) => {
    expect(parseManifest(JSON.stringify({ ...named, license })).licence).toBe(expected);
  });

  test('may hold anything where text should be, and gives one clean line', () => {
    const odd = { ...named, description: '\u0000a\n\u001B[31mb\uD800c \u202E d', dependencies: 'none', homepage: {} };
    const { description, dependencies } = parseManifest(`\uFEFF${JSON.stringify(odd)}`);
    expect({ description, dependencies }).toEqual({ description: 'a [31mb\uFFFDc d', dependencies: [] });
    expect(parseManifest(JSON.stringify({ ...named, description: ['a'] })).description).toBe('');
    expect(parseManifest(JSON.stringify({ ...named, description: 'x'.repeat(9999) })).description).toHaveLength(500);
  });

  test('names a dependency once, with the strongest reason, whatever its range is', () => {
    const text = `{"name":"a","version":"1.0.0","dependencies":{"b":"^1","__proto__":"2","c":{}},"peerDependencies":{"b":"*"}}`;
    expect(parseManifest(text).dependencies).toEqual([
      { name: 'b', range: '^1', kind: 'runtime' },
      { name: '__proto__', range: '2', kind: 'runtime' },
      { name: 'c', range: '*', kind: 'runtime' },
    ]);
  });
});

describe('a catalogue', () => {
  test('has every package once, scoped and nested ones too, and says what it skipped', async () => {
    const folder = installed({
      a: { name: 'a', version: '1.0.0', dependencies: { b: '^2', '@s/c': '*', none: '*' } },
      'a/node_modules/b': { name: 'b', version: '2.0.0', dependencies: { '@s/c': '*' } },
      b: { name: 'b', version: '1.0.0', dependencies: { b: '*' } },
      '@s/c': { name: '@s/c', version: '1.0.0', dependencies: { b: '^1' } },
      '@s/c/node_modules/b': { name: 'b', version: '1.0.0' },
      broken: '{',
      '.hidden': { name: 'hidden', version: '1.0.0' },
    });
    mkdirSync(join(folder, 'empty'));
    symlinkSync(join(folder, 'a'), join(folder, 'link'));
    const { packages, skipped } = await readCatalogue(folder);
    expect(packages.map(({ id }) => id).toSorted()).toEqual(['@s/c@1.0.0', 'a@1.0.0', 'b@1.0.0', 'b@2.0.0']);
    expect(skipped).toEqual([
      { path: 'broken', why: 'its package.json is not JSON' },
      { path: 'empty', why: 'it has no package.json' },
    ]);
    const targets = Object.fromEntries(
      packages.map(({ id, dependencies }) => [id, dependencies.map(({ target }) => target)]),
    );
    expect(targets, 'each dependency is what Node would load').toEqual({
      'a@1.0.0': ['b@2.0.0', '@s/c@1.0.0', null],
      'b@1.0.0': ['b@1.0.0'],
      'b@2.0.0': ['@s/c@1.0.0'],
      '@s/c@1.0.0': ['b@1.0.0'],
    });
  });

  test('counts the files of a package, not those of packages nested in it', async () => {
    const folder = installed({ a: '{"name":"a","version":"1.0.0"}', 'a/node_modules/b': 'x'.repeat(50) });
    mkdirSync(join(folder, 'a/dist'));
    writeFileSync(join(folder, 'a/dist/index.js'), 'x'.repeat(100));
    const [{ files, bytes, largest, partial }] = (await readCatalogue(folder)).packages;
    expect({ files, bytes, partial }).toEqual({ files: 2, bytes: 130, partial: false });
    expect(largest).toEqual([
      { path: 'dist/index.js', bytes: 100 },
      { path: 'package.json', bytes: 30 },
    ]);
  });

  test('of a folder that is not there is empty', async () => {
    expect(await readCatalogue(join(tmpdir(), 'tidemark-demo-nowhere'))).toEqual({ packages: [], skipped: [] });
  });
});

describe('the service', () => {
  let catalogue: Catalogue;
  let database: Database;
  let cache: Cache;
  let gate: Gate;
  let repository: Repository;
  let service: ReturnType<typeof createService>;

  beforeAll(async () => {
    catalogue = await readCatalogue(installed(MANIFESTS));
    database = await Database.open();
    await database.fill(catalogue);
  }, 30_000);

  afterAll(() => database.close());

  beforeEach(() => {
    cache = createCache({ tiers: [memory()] });
    gate = new Gate(database);
    repository = new Repository({ cache, source: gate });
    service = createService({ source: database, repository, cache, token: TOKEN });
  });

  afterEach(async () => {
    gate.open();
    await cache.close();
  });

  const read = async (path: string) => (await service.request(path)).text();
  const write = (id: string, change: unknown, token = TOKEN) =>
    service.request(packagePath(id), {
      method: 'PATCH',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(change),
    });
  const descriptionOf = async (id: string) => (await database.package(id))?.package.description;

  test('escapes whatever comes from a manifest or an address', async () => {
    for (const path of [
      '/',
      '/packages?page=1',
      '/packages/hostile%400.0.1',
      '/packages/app%401.0.0',
      '/search?q=alert',
    ])
      expect(await read(path), path).not.toMatch(/<script|<b>MIT/);
    expect(await read('/packages/hostile%400.0.1')).toContain(
      '&lt;script&gt;alert(&quot;it&#39;s&quot;)&lt;/script&gt; &amp; more',
    );
    expect(await read('/search?q=%3Cimg%20src%3Dx%3E')).toContain('“&lt;img src=x&gt;”');
    expect(await read(`/packages?licence=${encodeURIComponent('"><i>')}`)).not.toContain('"><i>');
  });

  test('answers with pages, with JSON, and with 404 for what is not there', async () => {
    const page = (await (await service.request('/packages/app%401.0.0?format=json')).json()) as {
      dependencies: { name: string; package: { id: string } | null }[];
    };
    expect(page.dependencies.map((line) => [line.name, line.package?.id])).toEqual([
      ['hostile', 'hostile@0.0.1'],
      ['hub', 'hub@1.2.3'],
      ['absent', undefined],
    ]);
    expect(await read('/packages?page=2')).toContain('25 packages, page 2 of 2');
    expect(await read('/packages?licence=ISC&page=1')).toContain('2 packages, page 1 of 1');
    expect(await read('/packages/hub%401.2.3/dependents')).toContain('>app</a>');
    expect(await read('/search?q=APPLICATION')).toContain('1 packages');
    expect(await read('/search?q=%25')).toContain('0 packages');
    for (const path of ['/packages/none%401.0.0', '/packages/none/dependents', '/nowhere'])
      expect((await service.request(path)).status, path).toBe(404);
  });

  test('asks the database once for a page, and each time when the cache is off', async () => {
    const queriesFor = async (path: string) => {
      const before = database.queries;
      await read(path);
      return database.queries - before;
    };
    expect(await queriesFor('/packages/hub%401.2.3')).toBe(2);
    expect(await queriesFor('/packages/hub%401.2.3')).toBe(0);
    expect(await queriesFor('/packages/hub%401.2.3?format=json')).toBe(0);
    expect(await queriesFor('/packages/hub%401.2.3?cache=off')).toBe(2);
  });

  test.each([
    ['without a token', {}, 401],
    ['with another token', { authorization: 'Bearer another' }, 401],
    ['with the token said in another way', { authorization: `Basic ${TOKEN}` }, 400],
  ])('refuses a write %s, and nothing is changed', async (_, headers, expected) => {
    const before = await descriptionOf('hub@1.2.3');
    const body = JSON.stringify({ description: 'taken over' });
    const { status } = await service.request(packagePath('hub@1.2.3'), { method: 'PATCH', headers, body });
    expect([status, await descriptionOf('hub@1.2.3')]).toEqual([expected, before]);
  });

  test.each([
    ['nothing', {}],
    ['a list', []],
    ['text', 'x'],
    ['another field', { version: '2.0.0' }],
    ['a number', { description: 7 }],
    ['empty text', { licence: '' }],
    ['several lines', { description: 'a\nb' }],
    ['too much', { licence: 'x'.repeat(61) }],
  ])('refuses %s as a change', async (_, change) => {
    expect((await write('hub@1.2.3', change)).status).toBe(400);
  });

  test('says that a package is not there when it is to be changed', async () => {
    expect((await write('none@1.0.0', { licence: 'MIT' })).status).toBe(404);
  });

  test('every page is right at the very next read, while a slow load that began before is running', async () => {
    const before = await descriptionOf('hub@1.2.3');
    const pages = ['/packages/hub%401.2.3', '/packages/app%401.0.0', '/packages/leaf01%401.0.0/dependents'];
    pages.push('/packages/hub%401.2.3/dependents', '/packages?page=1', '/packages?licence=MIT&page=1', '/search?q=hub');
    const shows = async (description: string) => {
      const json = await Promise.all(pages.map((path) => read(`${path}${path.includes('?') ? '&' : '?'}format=json`)));
      return json.map((body) => body.includes(JSON.stringify(description)));
    };
    expect(await shows(before!)).toEqual(pages.map(() => true));
    expect(await read('/search?q=newcomer')).toContain('0 packages');

    await repository.forget('hub@1.2.3');
    const arrived = gate.hold('hub@1.2.3');
    const slow = read(pages[0]);
    await arrived;
    expect(await (await write('hub@1.2.3', { description: 'A newcomer' })).json()).toMatchObject({
      reach: 'everywhere',
    });
    expect(await shows('A newcomer')).toEqual(pages.map(() => true));
    expect(await read('/search?q=newcomer')).toContain('1 packages');

    gate.open();
    expect(await slow, 'who asked before the change may see what was before').toContain('spokes');
    expect(cache.stats().overtaken).toBe(1);
    const { queries } = database;
    expect(await shows('A newcomer')).toEqual(pages.map(() => true));
    expect(database.queries - queries, 'what was loaded after the change is kept').toBe(0);
    await write('hub@1.2.3', { description: before });
  });

  test('a package that gets another licence moves from list to list, on every page of both', async () => {
    const idsOf = async (licence: string) => {
      const body: unknown = await (await service.request(`/packages?licence=${licence}&page=1&format=json`)).json();
      return (body as { packages: { id: string }[] }).packages.map(({ id }) => id);
    };
    expect(await idsOf('ISC')).toEqual(['leaf01@1.0.0', 'leaf02@1.0.0']);
    expect(await idsOf('MIT')).not.toContain('leaf22@1.0.0');
    expect(await read('/packages?licence=MIT&page=2')).toContain('leaf22');
    const counts = await read('/');

    await write('leaf03@1.0.0', { licence: 'ISC' });
    expect(await idsOf('ISC')).toEqual(['leaf01@1.0.0', 'leaf02@1.0.0', 'leaf03@1.0.0']);
    expect(await idsOf('MIT')).not.toContain('leaf03@1.0.0');
    expect(await read('/packages?licence=MIT&page=2'), 'those behind it have moved up').not.toContain('leaf20');
    expect(await read('/')).not.toBe(counts);
    await write('leaf03@1.0.0', { licence: 'MIT' });
    expect(await read('/')).toBe(counts);
  });

  describe('as the proof sees it', () => {
    let server: Listening;
    let client: Client;

    beforeEach(async () => {
      server = await listen(0);
      client = new Client(server.url);
    });

    afterEach(async () => {
      client.close();
      await server.close();
    });

    const proveWith = async (proven: Repository, ran: Cache): Promise<readonly Check[]> => {
      server.serve(createService({ source: database, repository: proven, cache: ran, token: TOKEN }));
      const current = await everything();
      return prove({
        subject: chooseSubject(current),
        site: siteOf(current),
        client,
        token: TOKEN,
        cache: ran,
        repository: proven,
        gate,
        signal: new AbortController().signal,
        report: { working: () => {}, step: () => {}, check: () => {} },
      });
    };

    /** The catalogue with the texts that the database has by now. */
    const everything = async (): Promise<Catalogue> => {
      const packages = catalogue.packages.map(async (one) => ({
        ...one,
        ...(await database.package(one.id))?.package,
      }));
      return { ...catalogue, packages: await Promise.all(packages) };
    };

    test('every check holds', async () => {
      const checks = await proveWith(repository, cache);
      expect(checks.length).toBeGreaterThan(10);
      expect(checks.filter(({ right }) => !right)).toEqual([]);
    });

    test('a repository that forgets to invalidate is found out', async () => {
      const careless = createCache({ tiers: [memory()] });
      gate = new Gate(database, { patience: 20 }); // its reads wait for the slow load
      const checks = await proveWith(new Careless({ cache: careless, source: gate, database }), careless);
      const wrong = checks.filter(({ right }) => !right);
      expect(wrong.map(({ found }) => found)).toContain('the old text, unlike the database');
      expect(wrong.map(({ what }) => what)).toEqual(
        expect.arrayContaining(['meanwhile the slow load', 'what it had loaded']),
      );
      await careless.close();
    });
  });
});

describe('the load', () => {
  const site: Site = siteOf({
    packages: Object.values(MANIFESTS).map((manifest) => {
      const parsed = parseManifest(JSON.stringify(manifest));
      return { ...parsed, id: parsed.name, dependencies: [], files: 0, bytes: 0, partial: false, largest: [] };
    }),
  });

  test('is the same for the same seed, of the length asked for, and of pages that are there', () => {
    const paths = planRequests({ site, count: 500, seed: 7 });
    expect(paths).toHaveLength(500);
    expect(planRequests({ site, count: 500, seed: 7 })).toEqual(paths);
    expect(planRequests({ site, count: 500, seed: 8 })).not.toEqual(paths);
    const known = new Set(Object.values(site).flat() as string[]);
    expect(paths.filter((path) => !known.has(path.replace(/[?&]format=json$/, '')))).toEqual([]);
  });

  test("follows Zipf's law", () => {
    const counts = [0, 0, 0, 0];
    const draw = zipf({ count: 4, skew: 1, random: seeded(1) });
    for (let i = 0; i < 25_000; i++) counts[draw()]++;
    for (const [rank, share] of [12, 6, 4, 3].entries()) {
      expect(counts[rank]).toBeGreaterThan(share * 950);
      expect(counts[rank]).toBeLessThan(share * 1050);
    }
  });

  test('is told in means and in percentiles by nearest rank', () => {
    const latencies = new Latencies();
    for (let ms = 200; ms >= 1; ms--) latencies.add(ms);
    expect([latencies.mean, latencies.percentile(0.5), latencies.percentile(0.99)]).toEqual([100.5, 100, 198]);
    expect(new Latencies().percentile(0.5)).toBeNaN();
  });
});

describe('the terminal', () => {
  const colourful: Partial<Screen> = { isTTY: true, columns: 80, hasColors: () => true };

  test.each([
    ['has colours', colourful, {}, true],
    ['has none', { ...colourful, hasColors: () => false }, {}, false],
    ['is not one', { hasColors: () => true }, {}, false],
    ['should have none', colourful, { NO_COLOR: '1' }, false],
  ])('that %s', (_, given, env, coloured) => {
    const out = screen(given);
    new Terminal(out, env).tick('done');
    expect(stripVTControlCharacters(out.text)).toBe('  ✔ done\n');
    expect(out.text.includes('\u001B[')).toBe(coloured);
  });

  test('draws progress over itself, or a line a quarter where there is none', () => {
    const [drawn, piped] = [screen(colourful), screen()];
    for (const out of [drawn, piped]) {
      const terminal = new Terminal(out, { NO_COLOR: '1' });
      for (let i = 1; i <= 100; i++) terminal.progress(i / 100, () => `${i} done`);
      terminal.line('end');
    }
    expect(piped.text).toBe('  25 done\n  50 done\n  75 done\n  100 done\n  end\n');
    expect(drawn.text.endsWith('  100 done\r\u001B[2K  end\n')).toBe(true);
    expect(drawn.text.match(/\n/g)).toHaveLength(1);
  });

  test('keeps sentences and tables within its width', () => {
    const out = screen({ columns: 60 });
    const terminal = new Terminal(out, {});
    terminal.say('word '.repeat(50).trim());
    terminal.table(['', 'a', 'b'], [['first', '1', '22']]);
    expect(Math.max(...out.text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(out.text.endsWith('          a    b\n  first   1   22\n')).toBe(true);
    expect(terminal.cut('abcdef', 4)).toBe('abc…');
  });
});

describe('the program', () => {
  const run = (args: readonly string[], options: Partial<Parameters<typeof tell>[0]> = {}) => {
    const [out, err] = [screen(), screen()];
    const done = tell({ args, env: {}, out, err, signal: new AbortController().signal, ...options });
    return { done, out, err };
  };

  test('tells its story from end to end, stays up when asked, and ends when stopped', async () => {
    const stopping = new AbortController();
    let pages: Promise<number[]> | undefined;
    const out = screen({
      wrote(text) {
        const [, url] = /stays up at (\S+);/.exec(text) ?? [];
        if (url === undefined) return;
        const visit = async (path: string) => (await fetch(url + path)).status;
        pages = Promise.all([visit('/'), visit('/stats'), visit('/nowhere')]).finally(() => stopping.abort());
      },
    });
    const folder = installed(MANIFESTS);
    const { done, err } = run(['--serve', '--port', '0', '--requests', '300'], {
      out,
      folder,
      signal: stopping.signal,
    });
    expect([await done, err.text]).toEqual([0, '']);
    expect(await pages).toEqual([200, 200, 404]);
    for (const line of [
      /25 packages, 5 dependencies, 25 files/,
      /serving http:\/\/127\.0\.0\.1:\d+/,
      /writes need the token [0-9a-f]{32}/,
      /600 requests {3}[\d.]+ % hits/,
      /read alone, {3}mean .* ×/,
      /database queries .* % saved/,
      /meanwhile the slow load +was running/,
      /what it had loaded +was not kept/,
      /pages of the site +say what the database says/,
      /memory: served, nothing that it rests on changed after \d+/,
      /changed at \d+ +tag {2}\/catalogue\/package:hub@1\.2\.3/,
      /lmdb: not served, right and fresh, but a faster tier answers first/,
      /its first read of all \d+ pages +100\.0 % without a load/,
      /Killed it with SIGKILL\./,
      /Stopped it well\./,
      /All \d+ checks hold\./,
      /Closing\./,
    ])
      expect(out.text).toMatch(line);
    for (const line of [/those \d+ that it loaded +all touched by the change/g, /packages\/hub@1\.2\.3 +the new text/g])
      expect(out.text.match(line)?.length, `${line}`).toBeGreaterThanOrEqual(2);
    expect(['\r', '\u001B'].filter((control) => out.text.includes(control))).toEqual([]);
  }, 60_000);

  test('says which port is taken and what to do, before anything else', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { done, err } = run(['--port', String(port)]);
    expect(await done).toBe(1);
    expect(err.text).toBe(
      `\ndemo: Port ${port} is taken: something else listens there on 127.0.0.1. Use --port with another number, or --port 0 for any that is free.\n`,
    );
    await new Promise((resolve) => other.close(resolve));
  });

  test('says what it starts with nothing to show', async () => {
    const { done, err } = run([], { folder: installed({}) });
    expect(await done).toBe(1);
    expect(err.text).toContain('nothing to change');
  });

  test('ends at once when it is stopped', async () => {
    const { done, err } = run([], { signal: AbortSignal.abort(), folder: installed(MANIFESTS) });
    expect([await done, err.text]).toEqual([130, '\ndemo: stopped\n']);
  });

  test.each([
    [['--sevre'], "demo: Unknown option '--sevre'. See --help"],
    [['now'], "Unexpected argument 'now'"],
    [['--port'], "Option '--port <value>' argument missing. See --help"],
    [['--port', '70000'], "--port takes a whole number from 0 to 65535, not '70000'"],
    [['--requests', 'many'], "not 'many'"],
    [['--requests=-1'], "not '-1'"],
    [['--processes', '1'], "--processes takes a whole number from 2 to 16, not '1'"],
    [['--processes', '2', '--port', '0'], "--port doesn't go with --processes"],
    [['--processes', '2', '--requests', '9'], "--requests doesn't go with --processes"],
    [['--redis', '--processes', '2'], "--processes doesn't go with --redis"],
    [['--redis', '--port', '0'], "--port doesn't go with --redis"],
  ])('%j gets a clear message', async (args, message) => {
    const { done, out, err } = run(args);
    expect([await done, out.text]).toEqual([1, '']);
    expect(err.text).toContain(message);
  });

  test('explains its flags, and takes a port of its own only to stay up', async () => {
    const { done, out } = run(['--help']);
    expect(await done).toBe(0);
    for (const flag of ['--serve', '--port', '--requests', '--processes', '--help']) expect(out.text).toContain(flag);
    expect([readFlags([]).port, readFlags(['--serve']).port]).toEqual([0, 4600]);
  });
});
