/** The tool is found behind what only starts it. */
import { expect, test } from 'vitest';
import { project } from './project.ts';

test.each([
  ['prettier --check .', 'prettier'],
  ['npx prettier --check .', 'prettier'],
  ['npx --no-install -- prettier --check .', 'prettier'],
  ['npm exec -- prettier --check .', 'prettier'],
  ['pnpm exec prettier --check .', 'prettier'],
  ['pnpm prettier --check .', 'prettier'],
  ['yarn prettier --check .', 'prettier'],
  ['yarn run prettier --check .', 'prettier'],
  ['bunx prettier --check .', 'prettier'],
  ['node_modules/.bin/prettier --check .', 'prettier'],
  ['node --max-old-space-size=4096 ./node_modules/webpack/bin/webpack.js', 'webpack'],
  ['cross-env NODE_ENV=production webpack', 'webpack'],
])('%s', (line, tool) => {
  expect(project({}).collect(line)).toMatchObject({ tool });
});

test.each([
  ['make all'],
  ['./tsc'], // a program of the project's own
  ['node tsc.js'],
  ['npx -p typescript@5 tsc'],
  ['npx typescript@5'],
  ['npm exec tsc -p .'], // npm takes the flag
  ['pnpm dlx tsc'],
  ['npm run tsc'],
  ['yarn tsc'], // a script
  ['yarn'],
  ['npx'],
  ['tsc @arguments.txt'],
])('%s is not known', (line) => {
  const here = project({ 'package.json': { scripts: { tsc: 'echo' } } });
  expect(here.collect(line)).toBeUndefined();
});

test('no words are not a tool', () => {
  expect(project({}).collect('')).toBeUndefined();
});
