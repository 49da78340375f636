/** A server that answers wrongly, late, or not at all is a miss; and nobody else is told the secrets. */
import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test, vi } from 'vitest';
import { httpRemote, type HttpRemoteOptions } from '../../../src/build/remote/http-remote.ts';
import { manualClock } from '../../../src/testing/manual-clock.ts';
import { overwrite, sha256, stored } from '../stores.ts';
import { FileServer, type ServerFault } from './file-server.ts';
import { machine } from './machines.ts';

const LARGE = 'let tide;'.repeat(20_000);
const OUTPUTS = { 'dist/a.js': LARGE };
const KEY = sha256('build');
const NAME = 'ab'.repeat(32);
const call = { signal: new AbortController().signal };

/** A server that holds a result, and nothing else. */
async function filled(): Promise<FileServer> {
  const server = await FileServer.open();
  const { store, sharing, troubles } = machine([httpRemote({ url: server.url })]);
  sharing.upload(stored(store, 'build', OUTPUTS), undefined);
  await sharing.flush();
  expect(troubles).toEqual([]);
  server.asked.length = 0;
  return server;
}

const wrong: Readonly<Record<string, ServerFault>> = {
  'answers 500': { do: 'answer', status: 500 },
  'answers 503': { do: 'answer', status: 503, headers: { 'retry-after': '1' } },
  'answers 401': { do: 'answer', status: 401 },
  'answers 204': { do: 'answer', status: 204 },
  'answers 206': { do: 'answer', status: 206 },
  'answers 200 with something else': { do: 'answer', status: 200 },
  'answers 200 with nothing': { do: 'answer', status: 200, headers: { 'content-length': '0' } },
  'closes the connection': { do: 'reset' },
  'closes it after 0 bytes': { do: 'cut', after: 0 },
  'closes it after 100 bytes': { do: 'cut', after: 100 },
  'changes the first bit': { do: 'flip', bit: 0 },
  'changes a bit further down': { do: 'flip', bit: 1003 },
  'sends a byte too many': { do: 'append', bytes: 1 },
  'says that there are fewer bytes': { do: 'misstate', by: -1 },
  'says that there are more bytes': { do: 'misstate', by: 1 },
  'sends bytes without end': { do: 'flood' },
  'redirects without saying where to': { do: 'answer', status: 302 },
  'redirects to itself for ever': { do: 'answer', status: 307, headers: { location: '?again' } },
  'redirects to a file': { do: 'answer', status: 302, headers: { location: 'file:///etc/hosts' } },
};

vi.setConfig({ testTimeout: 30_000 }); // none waits for time to pass, but the machine may be busy

for (const kind of ['records', 'blobs'])
  for (const [what, fault] of Object.entries(wrong))
    test(`a server that ${what} for ${kind} is a miss, and asked again the next time`, async () => {
      const server = await filled();
      const there = machine([httpRemote({ url: server.url })]);
      server.fault = ({ path }) => (path.startsWith(`/${kind}/`) ? fault : undefined);
      expect(await there.sharing.fetchRecord(KEY)).toBeUndefined();
      expect(there.store.lookup(KEY).reason).toBe('absent');
      expect(there.store.glance(sha256(LARGE)) === undefined).toBe(false);
      expect(there.told()).toContain('failed');
      server.fault = () => undefined;
      expect(await there.sharing.fetchRecord(KEY)).toBe(server.url);
      expect(there.store.checkBlob(sha256(LARGE))).toBeUndefined();
    });

for (const fault of [{ do: 'hang' }, { do: 'stall', after: 30 }] as const)
  test(`a server that does not go on (${fault.do}) is given its time, and its connection is let go`, async () => {
    const server = await filled();
    const clock = manualClock();
    let isAnswered = false;
    const telling: typeof fetch = async (...question) => {
      const answer = await fetch(...question);
      isAnswered = true;
      return answer;
    };
    const there = machine([httpRemote({ url: server.url, fetch: telling })], { clock, remoteTimeout: 1000 });
    server.fault = () => fault;
    const fetched = there.sharing.fetchRecord(KEY);
    await vi.waitFor(() => expect(fault.do === 'stall' ? isAnswered : server.asked.length === 1).toBe(true), 20_000);
    await clock.advanceAsync(1000);
    expect(await fetched).toBeUndefined();
    expect(there.troubles[0].error).toMatchObject({ code: 'store_timeout' });
    await vi.waitFor(() => expect(server.abandoned).toBe(1), 20_000);
  });

test('a server that is not there is a miss', async () => {
  const server = await FileServer.open();
  const { url } = server;
  await server.close();
  const there = machine([httpRemote({ url })]);
  expect(await there.sharing.fetchRecord(KEY)).toBeUndefined();
  expect(there.troubles[0].text).toContain('ECONNREFUSED');
});

test('a connection that was closed is tried once more, but a large body is sent once', async () => {
  const server = await filled();
  server.fault = (_, count) => (count === 1 ? { do: 'reset' } : undefined);
  const there = machine([httpRemote({ url: server.url })]);
  expect(await there.sharing.fetchRecord(KEY)).toBe(server.url);
  expect(there.troubles).toEqual([]);
  server.asked.length = 0;
  server.fault = ({ method }) => (method === 'PUT' ? { do: 'reset' } : undefined);
  const remote = httpRemote({ url: server.url });
  await expect(remote.put('blobs', NAME, bodyOf(LARGE), call)).rejects.toThrow();
  expect(server.asked).toHaveLength(1);
  await expect(remote.put('records', NAME, bodyOf('small'), call)).rejects.toThrow();
  expect(server.asked).toHaveLength(3);
});

test('the headers are asked for each time, and sent with every request', async () => {
  const server = await filled();
  let count = 0;
  const remote = httpRemote({ url: server.url, headers: async () => ({ authorization: `Bearer ${++count}` }) });
  await remote.get('records', KEY, call);
  await remote.has!('records', KEY, call);
  await remote.put('records', NAME, bodyOf('small'), call);
  expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer 1', 'Bearer 2', 'Bearer 3']);
});

test('a redirect is followed: with the headers on the same origin, without them on another, and not for writes', async () => {
  const [server, elsewhere] = [await FileServer.open(), await FileServer.open()];
  const bytes = Buffer.from('tides');
  server.files.set('/moved', bytes);
  elsewhere.files.set('/stored', bytes);
  elsewhere.fault = ({ path }) => (path === '/back' ? redirect(`${server.url}/moved`) : undefined);
  const remote = httpRemote({
    url: server.url,
    headers: () => ({ authorization: 'Bearer secret', 'x-api-key': 'secret' }),
  });
  for (const [to, tokens] of [
    ['/moved', ['Bearer secret', 'Bearer secret']],
    [`${elsewhere.url}/stored`, ['Bearer secret', undefined]],
    [`${elsewhere.url}/back`, ['Bearer secret', undefined, undefined]],
  ] as const) {
    server.asked.length = 0;
    elsewhere.asked.length = 0;
    server.fault = ({ path }) => (path.startsWith('/blobs/') ? redirect(to) : undefined);
    const body = await remote.get('blobs', NAME, call);
    expect(await textOf(body!.chunks)).toBe('tides');
    const asked = [...server.asked.slice(0, 1), ...elsewhere.asked, ...server.asked.slice(1)];
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(tokens);
    expect(elsewhere.asked.some(({ headers }) => 'x-api-key' in headers)).toBe(false);
  }
  server.fault = () => redirect(`${elsewhere.url}/written`);
  for (const body of ['tides', LARGE])
    await expect(remote.put('blobs', NAME, bodyOf(body), call)).rejects.toThrow('fetch failed');
  const plain = async (): Promise<Response> =>
    new Response(null, { status: 302, headers: { location: elsewhere.url } });
  const other = httpRemote({ url: server.url, fetch: plain });
  await expect(other.put('blobs', NAME, bodyOf('tides'), call)).rejects.toThrow('answered 302');
  expect(elsewhere.files.has('/written')).toBe(false);
});

test('what gets smaller is sent as gzip if that was asked for, and unpacked when it comes', async () => {
  const server = await FileServer.open();
  const remote = httpRemote({ url: server.url, compress: true });
  for (const [bytes, isPacked] of [
    [Buffer.from('let tide;'.repeat(1000)), true],
    [Buffer.from(LARGE), true],
    [Buffer.from('short'), false],
    [randomBytes(200_000), false],
  ] as const) {
    await remote.put('blobs', NAME, bodyOf(bytes), call);
    const sent = server.files.get(`/blobs/${NAME}`)!;
    expect(server.asked.at(-1)!.headers['content-encoding']).toBe(isPacked ? 'gzip' : undefined);
    expect((isPacked ? gunzipSync(sent) : sent).equals(bytes)).toBe(true);
    const body = await remote.get('blobs', NAME, call);
    expect(body!.size).toBe(isPacked ? undefined : bytes.length);
    expect((await bytesOf(body!.chunks)).equals(bytes)).toBe(true);
  }
});

test('a packed bomb is cut off at the size that the blob should have', async () => {
  const server = await filled();
  const path = `/blobs/${sha256(LARGE)}`;
  server.files.set(path, gzipSync(Buffer.alloc(50_000_000)));
  server.encodings.set(path, 'gzip');
  const there = machine([httpRemote({ url: server.url })]);
  expect(await there.sharing.fetchRecord(KEY)).toBeUndefined();
  expect(there.troubles[0].text).toContain(`more than ${LARGE.length} bytes`);
});

test('a body of known length is sent with it, and one that ends early is not taken for whole', async () => {
  const server = await FileServer.open();
  const remote = httpRemote({ url: server.url });
  await remote.put('blobs', NAME, bodyOf(LARGE), call);
  expect(server.asked[0].headers['content-length']).toBe(String(LARGE.length));
  await expect(remote.put('blobs', KEY, { ...bodyOf(LARGE), size: LARGE.length + 1 }, call)).rejects.toThrow();
  expect(server.files.has(`/blobs/${KEY}`)).toBe(false);
});

test('a blob that turns out to be damaged as it is sent is cut off before its end', async () => {
  const server = await FileServer.open();
  const here = machine([httpRemote({ url: server.url })]);
  const large = 'let tide;'.repeat(300_000);
  const record = stored(here.store, 'build', { 'dist/large.js': large });
  overwrite(here.store.path(sha256(large)), large.replace(/;$/, '?'));
  here.sharing.upload(record, undefined);
  await here.sharing.flush();
  expect(here.told()).toEqual(['local', 'not sent']);
  await vi.waitFor(() => expect(server.abandoned).toBe(1), 20_000);
  expect([...server.files.keys()]).toEqual([`/blobs/${record.log}`]);
});

test('what is sent is never whole in memory', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(201).end());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const remote = httpRemote({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const [piece, count] = [1024 * 1024, 128];
  gc();
  const before = process.memoryUsage().arrayBuffers;
  let held = Infinity;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < count; i++) yield Buffer.alloc(piece, i);
    gc();
    held = process.memoryUsage().arrayBuffers - before;
  };
  await remote.put('blobs', NAME, { size: piece * count, chunks: chunks() }, call);
  expect(held).toBeLessThan((piece * count) / 2);
});

test('a server that cannot tell what it has is sent everything; one that has it already says so', async () => {
  const server = await FileServer.open();
  const remote = httpRemote({ url: server.url });
  for (const status of [404, 405, 410, 501]) {
    server.fault = () => ({ do: 'answer', status });
    expect(await remote.has!('blobs', NAME, call)).toBe(false);
  }
  for (const status of [409, 412]) {
    server.fault = () => ({ do: 'answer', status });
    await remote.put('blobs', NAME, bodyOf('small'), call);
  }
  server.fault = () => ({ do: 'answer', status: 403 });
  await expect(remote.put('blobs', NAME, bodyOf('small'), call)).rejects.toThrow('answered 403');
  await expect(remote.has!('blobs', NAME, call)).rejects.toThrow('answered 403');
});

test('options that cannot be are refused', () => {
  const refused = (options: unknown): void =>
    expect(() => httpRemote(options as HttpRemoteOptions)).toThrow(expect.objectContaining({ code: 'bad_option' }));
  for (const url of ['', 'nowhere', 'ftp://a/b', 'http://a/?b', 'http://a/#b', 7, undefined]) refused({ url });
  expect(() => httpRemote({ url: 'https://me:secret@a/' })).toThrow(/^(?!.*secret)/);
  refused({ url: 'https://me:secret@a/' });
  for (const more of [
    { header: {} },
    { headers: {} },
    { readOnly: 1 },
    { compress: 'gzip' },
    { name: '' },
    { fetch: 1 },
  ])
    refused({ url: 'http://a/', ...more });
});

test('names become no paths, and a remote that may only be read is not written', async () => {
  const server = await FileServer.open();
  const remote = httpRemote({ url: server.url, readOnly: true });
  for (const name of ['', '..', `../${NAME}`.slice(0, 64), NAME.toUpperCase(), `${NAME}?`])
    await expect(remote.get('blobs', name, call)).rejects.toMatchObject({ code: 'bad_option' });
  await expect(remote.get('../blobs' as 'blobs', NAME, call)).rejects.toMatchObject({ code: 'bad_option' });
  await expect(remote.put('blobs', NAME, bodyOf('x'), call)).rejects.toMatchObject({ code: 'store_failed' });
  expect(server.asked).toEqual([]);
});

function redirect(location: string): ServerFault {
  return { do: 'answer', status: 302, headers: { location } };
}

function bodyOf(content: string | Buffer): { readonly size: number; readonly chunks: AsyncIterable<Uint8Array> } {
  const bytes = Buffer.from(content);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
  };
  return { size: bytes.length, chunks: chunks() };
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const held: Uint8Array[] = [];
  for await (const chunk of chunks) held.push(chunk);
  return Buffer.concat(held);
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return (await bytesOf(chunks)).toString();
}
