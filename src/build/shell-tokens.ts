/** Cuts a shell's text into words and operators. It never fails: text that a shell would refuse is cut up somehow. */

export type ShellToken =
  | { readonly kind: 'operator'; readonly text: string }
  | {
      readonly kind: 'word';
      /** Without its quotes; nothing, where only a running shell could know it. */
      readonly text: string | undefined;
      /** True if nothing of it was quoted, so that it may be a word of the shell's own. */
      readonly plain: boolean;
    };

/** What is in a text. Comments, redirections and the texts that they bring along (`<<END`) aren't. */
export interface ShellTokens {
  readonly tokens: readonly ShellToken[];
  /** The texts of `$(…)`, `` `…` ``, `<(…)` and `>(…)`, which are commands again. */
  readonly inner: readonly string[];
}

/** Cut up a text. The work grows with its length only. */
export function shellTokens(text: string): ShellTokens {
  return new Scanner(text).scan();
}

class Scanner {
  readonly #text: string;
  readonly #tokens: ShellToken[] = [];
  readonly #inner: string[] = [];
  /** The words that end the texts which begin on the next line. */
  readonly #awaited: string[] = [];
  #at = 0;
  /** The word that is being read. */
  #word: { text: string | undefined; plain: boolean } | undefined;
  /** What the next word is for, if it isn't one of the command's. */
  #target: 'file' | 'end of text' | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): ShellTokens {
    while (this.#at < this.#text.length) this.#step();
    this.#endWord();
    return { tokens: this.#tokens, inner: this.#inner };
  }

  #step(): void {
    const text = this.#text;
    const c = text[this.#at];
    if (c === ' ' || c === '\t' || c === '\r') {
      this.#endWord();
      this.#at++;
    } else if (c === '\\' && text[this.#at + 1] === '\n') this.#at += 2;
    else if (c === '#' && this.#word === undefined) this.#at = indexOr(text, '\n', this.#at);
    else if (c === '<' || c === '>' || text.startsWith('&>', this.#at)) this.#redirection();
    else if (';&|()\n'.includes(c)) this.#operator();
    else if (c === "'") {
      const end = indexOr(text, "'", this.#at + 1);
      this.#add(text.slice(this.#at + 1, end), 'quoted');
      this.#at = end + 1;
    } else if (c === '"') this.#doubleQuoted();
    else if (c === '\\') {
      this.#add(text.slice(this.#at + 1, this.#at + 2), 'quoted');
      this.#at += 2;
    } else if (c === '$' || c === '`') this.#expansion();
    else {
      this.#add(c, 'plain');
      this.#at++;
    }
  }

  #doubleQuoted(): void {
    this.#add('', 'quoted');
    for (this.#at++; this.#at < this.#text.length;) {
      const c = this.#text[this.#at];
      if (c === '"') break;
      if (c === '$' || c === '`') {
        this.#expansion();
        continue;
      }
      const next = this.#text[this.#at + 1] ?? '';
      const isEscape = c === '\\' && '$`"\\\n'.includes(next);
      if (!isEscape || next !== '\n') this.#add(isEscape ? next : c, 'quoted');
      this.#at += isEscape ? 2 : 1;
    }
    this.#at++;
  }

  #expansion(): void {
    const text = this.#text;
    this.#add(undefined, 'plain');
    if (text[this.#at] === '`') {
      const end = closing(text, this.#at + 1, '', '`');
      this.#inner.push(text.slice(this.#at + 1, end));
      this.#at = end + 1;
    } else if (text[this.#at + 1] === '(') {
      const end = closing(text, this.#at + 2, '(', ')');
      if (text[this.#at + 2] !== '(') this.#inner.push(text.slice(this.#at + 2, end)); // the other is arithmetic
      this.#at = end + 1;
    } else if (text[this.#at + 1] === '{') this.#at = closing(text, this.#at + 2, '{', '}') + 1;
    else this.#at++;
  }

  #operator(): void {
    this.#endWord();
    const rest = this.#text.slice(this.#at, this.#at + 2);
    const operator = ['&&', '||', ';;', '|&'].includes(rest) ? rest : rest[0];
    this.#tokens.push({ kind: 'operator', text: operator });
    this.#at += operator.length;
    if (operator === '\n') for (const end of this.#awaited.splice(0)) this.#skipLines(end);
  }

  #redirection(): void {
    if (/^\d+$/.test(this.#word?.text ?? '')) this.#word = undefined; // the number of what is redirected
    this.#endWord();
    const text = this.#text;
    if (text[this.#at + 1] === '(') {
      const end = closing(text, this.#at + 2, '(', ')');
      this.#inner.push(text.slice(this.#at + 2, end));
      this.#add(undefined, 'plain');
      this.#at = end + 1;
      return;
    }
    const sign = ['&>>', '&>', '<<<', '<<-', '<<', '>>', '<>', '>|', '>&', '<&', '<', '>'].find((each) =>
      text.startsWith(each, this.#at),
    )!;
    this.#at += sign.length;
    this.#target = sign === '<<' || sign === '<<-' ? 'end of text' : 'file';
  }

  #skipLines(end: string): void {
    while (this.#at < this.#text.length) {
      const next = indexOr(this.#text, '\n', this.#at);
      const line = this.#text.slice(this.#at, next);
      this.#at = next + 1;
      if (line.replace(/^\t+/, '') === end) return;
    }
  }

  #add(text: string | undefined, how: 'plain' | 'quoted'): void {
    const word = (this.#word ??= { text: '', plain: true });
    word.text = word.text === undefined || text === undefined ? undefined : word.text + text;
    if (how === 'quoted') word.plain = false;
  }

  #endWord(): void {
    if (this.#word === undefined) return;
    if (this.#target === undefined) this.#tokens.push({ kind: 'word', ...this.#word });
    else if (this.#target === 'end of text') this.#awaited.push(this.#word.text ?? '');
    this.#target = undefined;
    this.#word = undefined;
  }
}

function indexOr(text: string, wanted: string, from: number): number {
  const at = text.indexOf(wanted, from);
  return at === -1 ? text.length : at;
}

/** Where what has begun ends; quotes hide what is in them. */
function closing(text: string, from: number, open: string, close: string): number {
  let depth = 1;
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const c = text[at];
    if (c === '\\' && quote !== "'") at++;
    else if (quote !== '') quote = c === quote ? '' : quote;
    else if ((c === "'" || c === '"') && close !== '`') quote = c;
    else if (c === open) depth++;
    else if (c === close && --depth === 0) return at;
  }
  return text.length;
}
