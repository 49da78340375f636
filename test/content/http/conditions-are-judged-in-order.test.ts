/** If-None-Match and its kin: who wins over whom, for reads and for writes, and what a 304 repeats. */
import { type Current, judgeConditions, notModified, preconditionFailed } from 'tidemark/content/http';
import { describe, expect, test } from 'vitest';
import { formatHttpDate } from '../../../src/content/http/http-date.ts';
import { START } from './origin.ts';

const EARLIER = formatHttpDate(START - 60_000);
const THEN = formatHttpDate(START);
const LATER = formatHttpDate(START + 60_000);
const current: Current = { etag: '"7"', lastModified: START + 500 };

function judge(method: string, headers: Record<string, string>, now: Current = current) {
  return judgeConditions({ method, headers: new Headers(headers) }, now, START);
}

describe('a read', () => {
  test.each([
    [{}, 'proceed'],
    [{ 'if-none-match': '"7"' }, 'not-modified'],
    [{ 'if-none-match': 'W/"7"' }, 'not-modified'],
    [{ 'if-none-match': '"6", "7"' }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"6"' }, 'proceed'],
    [{ 'if-none-match': '"6"', 'if-modified-since': LATER }, 'proceed'],
    [{ 'if-none-match': '"7"', 'if-modified-since': EARLIER }, 'not-modified'],
    [{ 'if-modified-since': THEN }, 'not-modified'],
    [{ 'if-modified-since': EARLIER }, 'proceed'],
    [{ 'if-modified-since': 'yesterday' }, 'proceed'],
    [{ 'if-match': '"6"', 'if-none-match': '"7"' }, 'precondition-failed'],
  ])('with %j: %s', (headers, verdict) => {
    expect(judge('GET', headers as Record<string, string>)).toBe(verdict);
    expect(judge('HEAD', headers as Record<string, string>)).toBe(verdict);
  });

  test('without anything to compare with proceeds', () => {
    expect(judge('GET', { 'if-none-match': '"7"' }, {})).toBe('proceed');
    expect(judge('GET', { 'if-modified-since': LATER }, {})).toBe('proceed');
    expect(judge('GET', { 'if-none-match': '*' }, { exists: false })).toBe('proceed');
  });
});

describe('a write', () => {
  test.each([
    [{ 'if-match': '"7"' }, 'proceed'],
    [{ 'if-match': '"6", "7"' }, 'proceed'],
    [{ 'if-match': '*' }, 'proceed'],
    [{ 'if-match': '"6"' }, 'precondition-failed'],
    [{ 'if-match': 'W/"7"' }, 'precondition-failed'],
    [{ 'if-match': '"7"', 'if-unmodified-since': EARLIER }, 'proceed'],
    [{ 'if-unmodified-since': THEN }, 'proceed'],
    [{ 'if-unmodified-since': EARLIER }, 'precondition-failed'],
    [{ 'if-none-match': '*' }, 'precondition-failed'],
    [{ 'if-none-match': '"7"' }, 'precondition-failed'],
    [{ 'if-modified-since': LATER }, 'proceed'],
  ])('with %j: %s', (headers, verdict) => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST'])
      expect(judge(method, headers as Record<string, string>), method).toBe(verdict);
  });

  test('to what isn’t there fails with If-Match, and proceeds with If-None-Match: *', () => {
    expect(judge('PUT', { 'if-match': '*' }, { exists: false })).toBe('precondition-failed');
    expect(judge('PUT', { 'if-none-match': '*' }, { exists: false })).toBe('proceed');
  });
});

test('a 304 repeats what tells which representation it is about and for how long, and nothing of the body', () => {
  const repeated = { 'cache-control': 'max-age=1', 'content-location': '/a', date: THEN, etag: '"7"', expires: LATER };
  const headers = new Headers({ ...repeated, vary: 'accept', 'content-type': 'text/html', 'content-length': '5' });
  const answer = notModified(headers);
  expect([answer.status, answer.body]).toEqual([304, null]);
  expect(Object.fromEntries(answer.headers)).toEqual({ ...repeated, vary: 'accept' });
  expect(notModified(new Headers({ 'last-modified': THEN })).headers.get('last-modified')).toBe(THEN);
});

test('a 412 tells the tag of what is there now, and is never stored', () => {
  const answer = preconditionFailed(current);
  expect(answer.status).toBe(412);
  expect(Object.fromEntries(answer.headers)).toEqual({
    'cache-control': 'no-store',
    etag: '"7"',
    'last-modified': THEN,
  });
});
