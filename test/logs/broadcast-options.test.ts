/** What the broadcast log is given is checked before anything is opened, and what is closed says so. */
import { expect, test, vi } from 'vitest';
import { broadcastLog, type BroadcastLogOptions } from 'tidemark/logs/broadcast';

const call = { signal: new AbortController().signal };

const wrong: readonly (readonly [string, object])[] = [
  ['name', {}],
  ['name', { name: '' }],
  ['patience', { name: 'x', patience: 'long' }],
  ['patience', { name: 'x', patience: 0 }],
  ['patience', { name: 'x', patience: Infinity }],
  ['keep', { name: 'x', keep: 0 }],
  ['stamps', { name: 'x', stamps: 1.5 }],
  ['nam', { nam: 'x' }],
];

test.each(wrong)('a bad option is named: %s in %o', (name, options) => {
  expect(() => broadcastLog(options as BroadcastLogOptions)).toThrow(
    expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(name) as string }),
  );
});

test('where there is no BroadcastChannel, that is said', () => {
  vi.stubGlobal('BroadcastChannel', undefined);
  try {
    expect(() => broadcastLog({ name: 'x' })).toThrow(expect.objectContaining({ code: 'bad_option' }));
  } finally {
    vi.unstubAllGlobals();
  }
});

test('a closed log refuses what is asked, and what was being asked', async () => {
  const log = broadcastLog({ name: 'closing' });
  const asked = log.position(call);
  log.close();
  log.close();
  await expect(asked).rejects.toMatchObject({ code: 'closed' });
  await expect(log.append(['#/x/y'], call)).rejects.toMatchObject({ code: 'closed' });
});

test('a question ends when its signal aborts', async () => {
  const log = broadcastLog({ name: 'aborting' });
  const given = new AbortController();
  const asked = log.position({ signal: given.signal });
  given.abort(new Error('given up'));
  await expect(asked).rejects.toThrow('given up');
  await expect(log.position({ signal: given.signal })).rejects.toThrow('given up');
  log.close();
});
