/** Stands for a compiler: makes `dist` from `src` and the declarations of the dependencies, in the package that it is started in. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const { name, dependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
if (process.env.MONOREPO_LOG) appendFileSync(process.env.MONOREPO_LOG, `${name}#build\n`);
const declarations = new Map(
  Object.keys(dependencies).map((one) => [one, readFileSync(`../../node_modules/${one}/dist/index.d.ts`, 'utf8')]),
);
const sources = readdirSync('src').filter((file) => file.endsWith('.ts'));
mkdirSync('dist', { recursive: true });
let errors = 0;
for (const file of sources) {
  const text = readFileSync(`src/${file}`, 'utf8');
  for (const [, wanted, from] of text.matchAll(/import \{ (\w+)[^}]*\} from '([^'.][^']*)'/g))
    if (!declarations.get(from)?.includes(`function ${wanted}(`)) {
      errors++;
      console.error(`${name}: src/${file}: '${from}' exports no '${wanted}'`);
    }
  const base = `dist/${file.slice(0, -'.ts'.length)}`;
  const functions = [...text.matchAll(/export (function \w+\(\): \w+)/g)].map(
    ([, head]) => `export declare ${head};\n`,
  );
  writeFileSync(`${base}.js`, text.replaceAll(/^\s*\/\/.*\n/gm, '').replaceAll(/\): \w+ \{/g, ') {'));
  writeFileSync(`${base}.d.ts`, functions.join(''));
}
console.log(`${name}: ${sources.length} files compiled`);
process.exitCode = errors > 0 ? 2 : 0;
