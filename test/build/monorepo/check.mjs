/** Stands for a test: runs what the package and everything below it were built to, and prints what comes out. */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const { name, dependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
if (process.env.MONOREPO_LOG) appendFileSync(process.env.MONOREPO_LOG, `${name}#test\n`);
const files = readdirSync('dist').filter((file) => /^part-\d+\.js$/.test(file));
const parts = await Promise.all(files.map((file) => import(pathToFileURL(resolve('dist', file)).href)));
const below = await Promise.all(Object.keys(dependencies).map((one) => import(one)));
const terms = [...parts.flatMap((part) => Object.values(part)), ...below.map(({ value }) => value)];
const expected = terms.reduce((sum, term) => sum + term(), 0);
const { value } = await import(pathToFileURL(resolve('dist/index.js')).href);
console.log(`${name}: value ${value()}`);
if (value() !== expected) {
  console.error(`${name}: expected ${expected}`);
  process.exitCode = 1;
}
