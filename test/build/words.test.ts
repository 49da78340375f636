/** What a shell's text says is read as a shell would, as far as that can be without being one. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { programsOf, simpleWords } from '../../src/build/words.ts';

describe('the programs of a text', () => {
  test.each([
    ['', []],
    ['tsc -p .', ['tsc']],
    ['  ./bin/run  x', ['./bin/run']],
    ['a && b || c; d | e & f |& g\nh', ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']],
    ['(a; { b; }) && ! c', ['a', 'b', 'c']],
    ['tsc && tsc -p b', ['tsc']],
    ['NODE_ENV=test A= tsc', ['tsc']],
    ['A=1', []],
    [`"my tool" 'x && y' a\\ b`, ['my tool']],
    [`t'w'"o" "a \\" && b"`, ['two']],
    ['a >b 2>&1 <c && >d e &>f', ['a', 'e']],
    ['a \\\n  b && c # d && e\nf', ['a', 'c', 'f']],
    ['a#b', ['a#b']],
    ['echo x && cd y && export Z=1 && [ -d q ] && run', ['run']],
    ['if a; then b; elif c; then d; else e; fi', ['a', 'b', 'c', 'd', 'e']],
    ['for x in a b; do c $x; done; while d; do e; done', ['c', 'd', 'e']],
    ['case $x in a|b) c;; *) d x;; esac; e', ['c', 'd', 'e']],
    ['f() { a; }; function g { b; }', ['a', 'b']],
    ['a $(b | c) "$(d "$(e)")" `f g` ${h:-i} $((1 + 2))', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['diff <(a) <(b)', ['diff', 'a', 'b']],
    ['$TOOL x && "$(a)" y && b', ['b', 'a']],
    ['cat <<END | a\nb c\nEND\nd', ['cat', 'a', 'd']],
    ['npx tsc -p .', ['npx', 'tsc']],
    ['npx -y -p typescript tsc', ['npx', 'tsc']],
    ["npx -c 'a && b'", ['npx', 'a', 'b']],
    ['pnpm exec eslint . && pnpm install', ['pnpm', 'eslint']],
    ['npm run build && npm exec -- vite build', ['npm', 'vite']],
    ['env -u A B=1 tool && cross-env C=2 other', ['env', 'tool', 'cross-env', 'other']],
    ['timeout -s KILL 10 nice -n 5 tool', ['timeout', 'nice', 'tool']],
    ['exec tool && command -v other', ['tool', 'other']],
    [`sh -ec 'a; bash -c "b"' && bash script.sh`, ['sh', 'a', 'bash', 'b']],
    ['/usr/bin/env node x', ['/usr/bin/env', 'node']],
    ['find . -name "*.js" | xargs -n 1 prettier --check', ['find', 'xargs', 'prettier']],
  ])('%j', (text, programs) => {
    expect(programsOf(text)).toEqual(programs);
  });

  test('may be in an array of words, too', () => {
    expect(programsOf(['tsc', '&&', 'x'])).toEqual(['tsc']);
    expect(programsOf(['npx', 'tsc'])).toEqual(['npx', 'tsc']);
    expect(programsOf(['sh', '-c', 'a | b'])).toEqual(['sh', 'a', 'b']);
    expect(programsOf([])).toEqual([]);
  });

  const odd = fc.array(
    fc.constantFrom(...'a b ; & | ( ) { } < << > $ $( ${ ` \' " \\ # = \n for case in esac sh -c npx'.split(/ /), ' '),
  );

  test('never fail, whatever the text', () => {
    fc.assert(fc.property(odd, (parts) => programsOf(parts.join('')).every((program) => program !== '')));
  });

  test('take time in proportion to the text: many of anything are no trouble', () => {
    for (const piece of ['$(', '`', '"', "'", '(', '<<a\n', '\\', 'sh -c "', 'x;', '${', '"$('])
      expect(programsOf(piece.repeat(30_000))).toBeDefined();
  });
});

describe('the words of a plain command', () => {
  test.each([
    ['tsc', ['tsc']],
    [' tsc  -p\t. \n', ['tsc', '-p', '.']],
    [`a 'b c' "d e" f'g'"h" '' ""`, ['a', 'b c', 'd e', 'fgh', '', '']],
    [`a '$x' '"' "'" '*'`, ['a', '$x', '"', "'", '*']],
    ['a --b=c d=e @f/g:h%i+j,k', ['a', '--b=c', 'd=e', '@f/g:h%i+j,k']],
  ])('%j', (text, words) => {
    expect(simpleWords(text)).toEqual(words);
  });

  test.each([
    '',
    ' ',
    'a && b',
    'a | b',
    'a; b',
    'a &',
    'a > b',
    'a < b',
    '(a)',
    'a $b',
    'a "$b"',
    'a `b`',
    'a "`b`"',
    'A=1 a',
    'a *',
    'a b?',
    'a [b]',
    'a ~',
    'a ~/b',
    'a #b',
    'a {b,c}',
    'a \\b',
    'a "\\b"',
    'a\nb',
    "a 'b",
    'a "b',
    'if',
    '! a',
    'a !b',
    '{ a',
    'time a',
    'for a',
    'case a',
    'a é',
    'a ^b',
  ])('%j is none', (text) => {
    expect(simpleWords(text)).toBeUndefined();
  });

  test('are what a shell makes of the text', () => {
    const piece = fc.constantFrom(
      ...`a b - = , ' " '' "" 'c d' "e f" '$g' "'" '"' % : @ / ~ # * $ \\ ( ! `.split(' '),
      ' ',
      '  ',
    );
    const texts = fc
      .sample(fc.array(piece, { minLength: 1, maxLength: 10 }), { numRuns: 400, seed: 7 })
      .map((pieces) => `w ${pieces.join('')}`)
      .filter((text) => simpleWords(text) !== undefined);
    expect(texts.length).toBeGreaterThan(50);
    const script = [`w() { for x in w "$@"; do printf '%s\\0' "$x"; done; printf '\\n\\0'; }`, ...texts].join('\n');
    const said = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
    expect(
      said
        .split('\n\0')
        .slice(0, -1)
        .map((words) => words.split('\0').slice(0, -1)),
    ).toEqual(texts.map(simpleWords));
  });
});
