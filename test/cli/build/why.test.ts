/** `tidemark why` says for each reason what it is, and changes nothing. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Ran } from '../recorder.ts';
import { DECLARED, figures, Place, SHOUT } from './place.ts';

/** Why, as text and as JSON. */
async function why(place: Place, flags: readonly string[] = DECLARED, command: readonly string[] = SHOUT) {
  const line = ['why', ...flags, '--', ...command];
  const [{ verdict }] = figures(await place.call(['why', '--json', ...line.slice(1)])) as readonly [
    { verdict: string },
  ];
  const { code, out, said }: Ran = await place.call(line);
  expect({ code, said }).toEqual({ code: 0, said: [] });
  const withheld = out.at(-1)?.startsWith('variables that don') === true ? 1 : 0;
  return { verdict, text: out.slice(0, out.length - withheld).join('\n') };
}

describe('a command', () => {
  test('that has never run', async () => {
    const place = new Place();
    expect(await why(place)).toEqual({
      verdict: 'never kept',
      text: expect.stringMatching(/^no result of sh .* is kept$/),
    });
    expect(existsSync(place.cacheDir)).toBe(false);
  });

  test('that is kept', async () => {
    const place = new Place();
    await place.shout();
    place.remove('dist');
    expect(await why(place)).toEqual({ verdict: 'hit', text: expect.stringMatching(/ would come back$/) });
    expect(place.has('dist')).toBe(false);
  });

  test('of which inputs and a variable have changed', async () => {
    const place = new Place();
    await place.shout(['--env', 'COLOUR'], { environment: { COLOUR: 'red' } });
    place.write({ 'src/a.txt': 'other', 'src/b.txt': 'new' });
    const { verdict, text } = await why(place, [...DECLARED, '--env', 'COLOUR']);
    expect(verdict).toBe('changed');
    expect(text.split('\n').slice(1)).toEqual([
      expect.stringMatching(/^ {2}environment variable COLOUR changed from set, sha256 [0-9a-f]{8} to unset$/),
      '  input "src/a.txt" changed',
      '  input "src/b.txt" is new',
    ]);
  });

  test('that was kept and is gone', async () => {
    const place = new Place();
    await place.shout();
    await place.call(['cache', 'clean']);
    expect(await why(place)).toEqual({ verdict: 'gone', text: expect.stringMatching(/gone since: pruned, cleaned/) });
  });

  test('whose record is damaged', async () => {
    const place = new Place();
    await place.shout();
    const [record] = place.stored('records');
    rmSync(record);
    writeFileSync(record, '{}');
    expect(await why(place)).toEqual({ verdict: 'damaged', text: expect.stringContaining('its record is damaged') });
  });

  test('that fails', async () => {
    const place = new Place();
    const command = ['sh', '-c', 'exit 3'];
    await place.call(['run', ...DECLARED, '--', ...command]);
    expect(await why(place, DECLARED, command)).toEqual({
      verdict: 'not kept',
      text: expect.stringMatching(/wasn't kept: the command failed with exit code 3$/),
    });
  });

  test('which variables don’t reach it', async () => {
    const place = new Place();
    const { out } = await place.call(['why', ...DECLARED, '--', ...SHOUT], { environment: { COLOUR: 'red' } });
    expect(out.at(-1)).toMatch(/^variables that don't reach it \(--env\): .*\bCOLOUR\b/);
  });

  test('that isn’t there', async () => {
    const { code, said } = await new Place().call(['why', ...DECLARED, '--', 'no-such-program']);
    expect({ code, said }).toEqual({ code: 1, said: [expect.stringContaining('"no-such-program"')] });
  });
});

describe('a task', () => {
  const tasks = {
    base: { command: 'mkdir -p out; cat a.txt >out/a.txt', inputs: ['a.txt'], outputs: ['out'] },
    top: { command: 'cat out/*', inputs: [], outputs: [], dependsOn: ['base'] },
  };
  const made = (): Place => new Place({ 'a.txt': 'one', 'tidemark.build.json': JSON.stringify({ tasks }) });

  test('rests on what another would make: that is said', async () => {
    const { code, out } = await made().call(['why', 'top']);
    expect({ code, out }).toEqual({
      code: 0,
      out: ['.#top rests on .#base, which would run', 'no result of .#top is kept'],
    });
  });

  test('is kept, until what it rests on comes out otherwise', async () => {
    const place = made();
    await place.call(['run', 'top']);
    expect((await place.call(['why', 'top'])).out).toEqual([
      expect.stringMatching(/^\.#top is kept since .*: it would come back$/),
    ]);
    place.write({ 'a.txt': 'two' });
    await place.call(['run', 'base']);
    const { out } = await place.call(['why', 'top']);
    expect(out.slice(1)).toEqual([expect.stringMatching(/^ {2}the output of \.#base changed from /)]);
  });
});
