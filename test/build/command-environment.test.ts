/** Only what is declared and what programs need to run reaches a command, and what changes results counts. */
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childEnvironment, type ChildEnvironmentOptions, COUNTED_NAMES } from '../../src/build/child-environment.ts';
import { surroundings } from '../../src/build/surroundings.ts';
import { namedBy } from '../../src/build/variable-names.ts';

function environment(options: Partial<ChildEnvironmentOptions> = {}): ReturnType<typeof childEnvironment> {
  return childEnvironment({
    env: [],
    passEnv: [],
    cwd: '/w/p',
    workspace: '/w',
    platform: 'linux',
    from: {},
    ...options,
  });
}

describe("a command's environment", () => {
  test('has what is declared, what is passed, and what every program needs; the rest is withheld', () => {
    const from = {
      API_URL: 'a',
      TOKEN: 't',
      SECRET: 's',
      HOME: '/h',
      TERM: 'x',
      NODE_ENV: 'test',
      CI: '1',
      GONE: undefined,
    };
    const { env, withheld } = environment({ env: ['API_URL', 'MISSING'], passEnv: ['TOKEN'], from });
    expect(Object.keys(env)).toEqual(['API_URL', 'CI', 'HOME', 'NODE_ENV', 'PATH', 'PWD', 'TERM', 'TOKEN']);
    expect(env).toMatchObject({ API_URL: 'a', TOKEN: 't', PWD: '/w/p' });
    expect(withheld).toEqual(['SECRET']);
  });

  test('finds the programs of packages first, from where it runs up to the workspace', () => {
    const bins = ['/w/p/node_modules/.bin', '/w/node_modules/.bin'].join(':');
    expect(environment({ from: { PATH: '/bin' } }).env['PATH']).toBe(`${bins}:/bin`);
    expect(environment({ from: {} }).env['PATH']).toBe(`${bins}:/usr/bin:/bin`);
    expect(environment({ from: { PATH: '/bin' }, set: { PATH: '/mine' } }).env['PATH']).toBe(`${bins}:/mine`);
    expect(environment({ cwd: '/w', from: { PATH: '/bin' } }).env['PATH']).toBe('/w/node_modules/.bin:/bin');
  });

  test('has the values that a task sets, before all others, and they count', () => {
    const { env, declared } = environment({ set: { A: '2', PWD: '/x' }, env: ['A'], from: { A: '1' } });
    expect(env).toMatchObject({ A: '2', PWD: '/x' });
    expect(declared).toEqual(expect.arrayContaining(['A', 'PWD']));
  });

  test('names each variable once on Windows, whatever its letters', () => {
    const from = { Path: 'C:\\bin', SYSTEMROOT: 'C:\\', vite_a: '1', Other: '2' };
    const { env, declared, withheld } = environment({
      platform: 'win32',
      env: ['VITE_*', 'PATH'],
      from,
      set: { path: 'D:\\' },
    });
    const own = join('/w/p', 'node_modules', '.bin');
    expect(Object.keys(env)).toEqual(['Path', 'SYSTEMROOT', 'vite_a']);
    expect(env['Path']).toMatch(/;D:\\$/);
    expect(env['Path'].startsWith(own)).toBe(true);
    expect(declared.filter((name) => /path/i.test(name))).toHaveLength(1);
    expect(withheld).toEqual(['Other']);
  });

  test.each([{ env: 'A' }, { env: [''] }, { passEnv: [1] }, { passEnv: 'A' }, { names: [] }])(
    'refuses %j',
    (options) => {
      expect(() => environment(options as never)).toThrow(expect.objectContaining({ code: 'bad_option' }));
    },
  );
});

describe('what counts', () => {
  const from = { VITE_A: '1', VITE_B: '2', VIT: '3', LC_TIME: 'C', HOME: '/h', X_CACHE_BUST: '4', TOKEN: '5', CI: '1' };

  test('is what is declared, patterns replaced by what is there, and the names that always do', () => {
    const { declared } = environment({ env: ['VITE_*', 'MISSING'], passEnv: ['TOKEN'], from });
    const always = COUNTED_NAMES.filter((name) => !name.includes('*'));
    expect(declared).toEqual(['VITE_A', 'VITE_B', 'MISSING', 'LC_TIME', 'X_CACHE_BUST', ...always].toSorted());
  });

  test('is not what is only passed, though it always does elsewhere, unless it is declared, too', () => {
    expect(environment({ passEnv: ['CI', 'LC_*'], from }).declared).not.toContain('CI');
    expect(environment({ passEnv: ['CI', 'LC_*'], from }).declared).not.toContain('LC_TIME');
    expect(environment({ passEnv: ['CI', 'LC_*'], from }).env).toMatchObject({ CI: '1', LC_TIME: 'C' });
    expect(environment({ env: ['C*'], passEnv: ['CI'], from }).declared).toContain('CI');
  });

  test('is all of the environment that may differ between machines without being about the machine', () => {
    const { env, declared } = environment({ from: { ...from, TZ: 'UTC', LANG: 'C', FORCE_COLOR: '1', HOME: '/h' } });
    const machine = Object.keys(env).filter((name) => !declared.includes(name));
    expect(machine).toEqual(['HOME', 'PATH', 'PWD']);
  });
});

describe('surroundings', () => {
  test('take patterns: every variable that is there counts by its own name', () => {
    const variables = { VITE_B: '2', VITE_A: '1', VIT: '3' };
    expect(surroundings({ names: ['VITE_*', 'MISSING'], environment: variables }).environment).toEqual({
      MISSING: null,
      NODE_ENV: null,
      VITE_A: '1',
      VITE_B: '2',
    });
  });
});

test('a star stands for any letters, none included, wherever and however often it stands', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '_'), maxLength: 8 });
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '_', '*'), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(patterns, letters, (pattern, name) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
      expect(namedBy([pattern], 'linux')(name)).toBe(expected);
    }),
    { numRuns: 500 },
  );
});
