/** A command of which nobody has said anything: what is found out of it, and whether that is enough to be right. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActionRecord } from 'tidemark/build';
import { bytesText } from '../pages.ts';
import { time } from '../results.ts';
import type { Stage } from './stage.ts';
import { sameTree, treeOf } from './trees.ts';

const COMMAND = ['tsc', '-p', 'tsconfig.src.json'];

/** Run a compiler in a copy of the repository. */
export async function showUndeclared(stage: Stage, directory: string): Promise<void> {
  const { terminal, tidemark, checks } = stage;
  const where = { directory };
  const dist = join(directory, 'dist');
  const look = (): ReturnType<typeof tidemark.command> => tidemark.command(COMMAND, where, ['--dry-run']);
  rmSync(dist, { recursive: true });
  terminal.say(`$ tidemark run -- ${COMMAND.join(' ')}`, 'bold');
  terminal.working('running it, and watching');
  const ran = await tidemark.command(COMMAND, where);
  const { inputs, key, durationMs } = ran;
  checks.add('it ran, and is kept', time(durationMs), ran.exitCode === 0 && ran.stored === 'new');
  const isWatched = inputs.found === 'observed';
  terminal.say(
    isWatched
      ? 'strace has told what it reads, what it looks for in vain, and which directories it lists.'
      : 'There is no strace here, so it counts as reading every file of the repository but what it makes.',
  );

  const record = (await tidemark.cache(['show', key ?? ''], where)) as ActionRecord;
  const read = new Set(record.inputs.flatMap((input) => ('digest' in input ? [input.path] : [])));
  const sources = [...treeOf(join(directory, 'src')).keys()].filter((path) => path.endsWith('.ts'));
  const found = sources.filter((path) => read.has(`src/${path}`)).length;
  checks.add('sources that it was found to read', `${found} of ${sources.length}`, found === sources.length);
  const foreign = [...read].filter((path) => !/^(src\/|tsconfig\.|package\.json$)/.test(path));
  if (isWatched) checks.add('files elsewhere that it was found to read', `${foreign.length}`, foreign.length === 0);
  const outside = record.outputs.filter(({ path }) => !path.startsWith('dist/'));
  const size = record.outputs.reduce((all, output) => all + (output.kind === 'file' ? output.size : 0), 0);
  const outputs = `${record.outputs.length.toLocaleString('en')}, ${bytesText(size)}, all in dist`;
  checks.add('what it was found to make', outputs, outside.length === 0 && record.outputs.length > sources.length);

  const made = treeOf(dist);
  rmSync(dist, { recursive: true });
  const back = await tidemark.command(COMMAND, where);
  checks.add('without dist: brought back', time(back.durationMs), back.outcome === 'hit');
  checks.add('and the same', ...sameTree(made, treeOf(dist)));

  const readme = join(directory, 'README.md');
  const before = readFileSync(readme);
  appendFileSync(readme, '\nA change.\n');
  const unread = await look();
  writeFileSync(readme, before);
  checks.add(
    'after a change of README.md',
    unread.outcome === 'hit' ? 'unchanged' : 'would run, to be sure',
    unread.outcome === (isWatched ? 'hit' : 'would run'),
  );
  const added = join(directory, 'src/engine/added.ts');
  writeFileSync(added, 'export const added: number = 1;\n');
  const more = await look();
  checks.add('with one source more', 'would run', more.outcome === 'would run');
  rmSync(added);
}
