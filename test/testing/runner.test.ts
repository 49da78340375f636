/** The suites run on any runner with `describe` and `it`, and skip nothing without a reason. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe as nodeDescribe, it as nodeIt } from 'node:test';
import { rolldown } from 'rolldown';
import { describe, expect, it, test } from 'vitest';
import { changeLogSuite, codecSuite, policySuite, type TestRunner } from 'tidemark/testing';
import { jsonCodec } from 'tidemark/codecs/json';
import { localLog } from 'tidemark/logs/local';
import { lru } from 'tidemark/policies/lru';
import { root } from '../support/repository.ts';
import { outcomesOf } from './outcomes.ts';

test('the runners of vitest and of node have the shape that a suite asks for', () => {
  const runners: readonly TestRunner[] = [
    { describe, it },
    { describe: nodeDescribe, it: nodeIt },
  ];
  for (const runner of runners)
    expect([typeof runner.describe, typeof runner.it, typeof runner.it.skip]).toEqual(Array(3).fill('function'));
});

test("a suite runs under node's own runner", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'suite-'));
  try {
    const entry = join(folder, 'entry.mjs');
    const testing = JSON.stringify(join(root, 'src/testing/index.ts'));
    const policies = JSON.stringify(join(root, 'src/policies/lru.ts'));
    writeFileSync(
      entry,
      `import { describe, it } from 'node:test';
       import { policySuite } from ${testing};
       import { lru } from ${policies};
       policySuite({ describe, it }, { name: 'lru', make: lru, skip: { 'it has a name': 'shown here' } });
       policySuite({ describe, it }, { name: 'broken', make: () => ({ ...lru(), name: '' }) });`,
    );
    const build = await rolldown({ input: entry, platform: 'node', logLevel: 'silent' });
    await build.write({ file: join(folder, 'bundle.mjs'), format: 'esm' });
    await build.close();
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const ran = spawnSync(process.execPath, ['--test-reporter=tap', join(folder, 'bundle.mjs')], {
      encoding: 'utf8',
      env,
    });
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toContain('ok 1 - lru is a policy');
    expect(ran.stdout).toContain('it has a name (skipped: shown here) # SKIP');
    expect(ran.stdout).toContain('not ok 2 - broken is a policy');
    expect(ran.status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

describe('skipping', () => {
  test('a skipped test is registered with its reason and not run', async () => {
    const skip = { 'it has a name': 'names come later' };
    const { passed, skipped, failed } = await outcomesOf((runner) =>
      policySuite(runner, { name: 'lru', make: lru, skip }),
    );
    expect(skipped).toEqual(['it has a name (skipped: names come later)']);
    expect(passed).not.toContain('it has a name');
    expect([...failed]).toEqual([]);
  });

  test('what the suite has no hook for is left out, and the heading says why', () => {
    const told: string[] = [];
    const tell = (name: string) => void told.push(name);
    const runner: TestRunner = {
      describe: (name, body) => {
        tell(name);
        body();
      },
      it: Object.assign(tell, { skip: tell }),
    };
    changeLogSuite(runner, { name: 'local', make: () => ({ log: localLog() }), lose: () => {} });
    expect(told).toContain("forgetting and losing (left out: no 'makeSmall' was given)");
    expect(told).toContain('a log that lost changes has another incarnation, whoever asks');
    expect(told).not.toContain('another connection sees a change as soon as it is acknowledged');
  });

  test('a skip that names no test, or gives no reason, is an error', async () => {
    const suite = (skip: Record<string, string>) =>
      outcomesOf((runner) => codecSuite(runner, { name: 'json', codec: jsonCodec, skip }));
    await expect(suite({ 'no such test': 'because' })).rejects.toThrow("there is no test 'no such test' to skip");
    await expect(suite({ 'it has a name': ' ' })).rejects.toThrow("a reason is due for skipping 'it has a name'");
    await expect(suite({ toString: 'because' })).rejects.toThrow("there is no test 'toString' to skip");
  });
});
