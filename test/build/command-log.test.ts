/** A log says again what was printed, byte for byte, within its bound, and a damaged one says nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CommandLog, encodeLog, type OutputStream, replayLog } from '../../src/build/command-log.ts';

type Piece = readonly [OutputStream, Uint8Array];

const pieces = fc.array(fc.tuple(fc.constantFrom<OutputStream>('stdout', 'stderr'), fc.uint8Array({ maxLength: 40 })));

/** What is replayed, with neighbours of one stream joined. */
async function replayed(log: Uint8Array): Promise<readonly Piece[]> {
  const shown: Piece[] = [];
  await replayLog(log, (stream, bytes) => void shown.push([stream, bytes]));
  return shown;
}

function joined(all: readonly Piece[]): readonly Piece[] {
  const result: [OutputStream, Uint8Array][] = [];
  for (const [stream, bytes] of all.filter(([, { length }]) => length > 0)) {
    const last = result.at(-1);
    if (last?.[0] === stream) last[1] = new Uint8Array([...last[1], ...bytes]);
    else result.push([stream, bytes]);
  }
  return result;
}

const plain = (all: readonly Piece[]): unknown => all.map(([stream, bytes]) => [stream, [...bytes]]);

describe('a log', () => {
  test('says what was printed, in its order, however it came in pieces', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, async (all) => {
        const log = encodeLog(all);
        expect(plain(await replayed(log))).toEqual(plain(joined(all)));
        expect(Buffer.from(encodeLog(joined(all))).equals(log)).toBe(true);
      }),
    );
  });

  test('waits for whoever it is shown to', async () => {
    const order: string[] = [];
    const log = encodeLog([
      ['stdout', Buffer.from('a')],
      ['stderr', Buffer.from('b')],
    ]);
    await replayLog(log, async (_, bytes) => {
      order.push(`begin ${Buffer.from(bytes).toString()}`);
      await new Promise(setImmediate);
      order.push('end');
    });
    expect(order).toEqual(['begin a', 'end', 'begin b', 'end']);
  });

  test('takes no more than its limit, to the byte, and nothing after it was too long', () => {
    const exact = encodeLog([['stdout', Buffer.from('abc')]]).length;
    const log = new CommandLog(exact);
    log.add('stdout', Buffer.from('ab'));
    log.add('stdout', Buffer.from('c'));
    expect(log.encoded()).toHaveLength(exact);
    log.add('stderr', new Uint8Array());
    expect(log.encoded()).toHaveLength(exact);
    log.add('stdout', Buffer.from('d'));
    log.add('stdout', new Uint8Array());
    expect(log.encoded()).toBe('too long');
    expect(new CommandLog(1).encoded()).toBe('too long');
  });

  test('keeps a piece as it was, whatever becomes of the bytes that it came in', async () => {
    const log = new CommandLog(1000);
    const bytes = Buffer.from('abc');
    log.add('stdout', bytes);
    bytes.fill(0);
    expect(plain(await replayed(log.encoded() as Uint8Array))).toEqual([['stdout', [97, 98, 99]]]);
  });

  test('that is cut off, or has another head, stream or length, is bad bytes and shows nothing', async () => {
    const whole = Buffer.from(
      encodeLog([
        ['stdout', Buffer.from('abc')],
        ['stderr', Buffer.from('de')],
      ]),
    );
    const head = encodeLog([]).length;
    const damaged: Uint8Array[] = [];
    for (let length = 0; length < whole.length; length++)
      if (length !== head && length !== head + 8) damaged.push(whole.subarray(0, length));
    const framing = [...Array(head + 5).keys(), ...[0, 1, 2, 3, 4].map((i) => head + 8 + i)];
    for (const at of framing)
      for (let bit = 0; bit < 8; bit++) {
        const copy = Buffer.from(whole);
        copy[at] ^= 1 << bit;
        damaged.push(copy);
      }
    damaged.push(
      Buffer.concat([whole, Buffer.from([1, 0, 0, 0, 1, 65])]),
      Buffer.concat([whole, Buffer.from([0, 0, 0, 0, 0])]),
    );
    for (const log of damaged)
      await expect(replayLog(log, () => expect.unreachable())).rejects.toMatchObject({ code: 'bad_bytes' });
  });
});
