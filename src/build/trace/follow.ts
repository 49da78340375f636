/** Follows the calls of a trace, one after the other: what each of them found or did, at which real path. */
import { closeSync, lstatSync, openSync, readSync } from 'node:fs';
import type { Call, Told } from './calls.ts';
import { type Effect, effectOf, openingOf, type PathArguments } from './effects.ts';
import { type Led, Links, parentOf, SPECIAL } from './links.ts';
import { Processes } from './processes.ts';
import type { Sights } from './sights.ts';
import { Sockets } from './sockets.ts';
import { pathOf, quoted, unescaped } from './spelling.ts';

/** Nothing is there. */
const MISSING = new Set(['ENOENT', 'ENOTDIR']);
/** These say nothing of a path: the call was wrong, was interrupted and comes again, or the machine had no room for it. */
const SILENT =
  /^(?:ERESTART\w*|EINTR|EFAULT|EBADF|EMFILE|ENFILE|ENOMEM|ENOSYS|EAGAIN|ENOSPC|EDQUOT|EIO|ENAMETOOLONG|E2BIG)$/;
/** A few of each kind are enough to say what happened. */
const MOST_REASONS = 20;

type Of<Does extends Effect['does']> = Extract<Effect, { readonly does: Does }>;

/** What is known so far of a command that was watched. */
export class Follower {
  readonly #sights: Sights;
  readonly #links: Links = new Links();
  readonly #sockets: Sockets = new Sockets();
  readonly #processes: Processes;
  readonly #why: Set<string> = new Set();
  readonly #interpreted: Set<string> = new Set();
  #calls = 0;

  /** `cwd`: the real directory where the command began. */
  constructor(sights: Sights, cwd: string) {
    this.#sights = sights;
    this.#processes = new Processes(cwd);
  }

  /** Why something may have happened that wasn't seen. To be asked at the end. */
  get why(): readonly string[] {
    if (this.#calls === 0) return ['nothing was noted'];
    return this.#processes.areLeft ? [...this.#why, 'it was not watched to its end'] : [...this.#why];
  }

  follow(told: Told): void {
    if (told.kind === 'ended') this.#processes.ended(told.pid);
    else if (told.kind === 'begun') this.#processes.begun(told.pid, told.text);
    else if (told.kind === 'unknown') this.doubt(`a line can't be understood: ${told.line.slice(0, 200)}`);
    else this.#called(told.call);
  }

  doubt(reason: string | undefined): void {
    if (reason !== undefined && this.#why.size < MOST_REASONS) this.#why.add(reason);
  }

  #called(call: Call): void {
    this.#calls++;
    const effect = effectOf(call);
    this.#processes.cwd(call.pid); // it is there
    if (effect === undefined) return;
    try {
      this.#apply(effect, call);
    } catch (error) {
      this.doubt(`${call.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #apply(effect: Effect, call: Call): void {
    const isDone = call.error === '' && call.result !== '?';
    switch (effect.does) {
      case 'fork':
        return this.#processes.forked(call);
      case 'socket':
        return this.doubt(this.#sockets.concern(call) ?? this.#boundFile(call));
      case 'hide':
        return isDone ? this.doubt(effect.why) : undefined;
      case 'list':
      case 'changeOpen':
      case 'truncateOpen':
      case 'enterOpen':
        return isDone ? this.#onOpen(effect.does, call) : undefined;
      case 'rename':
      case 'link':
        return this.#moves(effect, call);
      case 'symlink':
        return this.#linked(effect, call);
      default:
        return this.#onPath(effect, call);
    }
  }

  #onOpen(does: Of<'list' | 'changeOpen' | 'truncateOpen' | 'enterOpen'>['does'], { pid, args }: Call): void {
    const path = pathOf(args[0]);
    if (does === 'enterOpen') this.#processes.moved(pid, path);
    if (path === undefined || SPECIAL.test(path)) return; // a pipe, a socket, or gone
    if (does === 'list') this.#sights.listed(path);
    else if (does === 'truncateOpen' && args[1] === '0') this.#sights.emptied(path);
    else if (does !== 'enterOpen') this.#changed(path);
  }

  #onPath(
    effect: Exclude<Effect, Of<'fork' | 'socket' | 'hide' | 'list' | 'rename' | 'link' | 'symlink'>>,
    call: Call,
  ): void {
    if (!('at' in effect)) return;
    const opening = effect.does === 'open' ? openingOf(call.name, call.args[effect.at.flags ?? -1]) : undefined;
    const follows = 'follow' in effect ? effect.follow : (opening?.follow ?? false);
    const path = this.#find(call, effect.at, follows);
    if (path === undefined) return;
    const looks = effect.does === 'ask' || effect.does === 'execute' || effect.does === 'enter';
    if (!this.#isDone(call, path, opening?.writes ?? !looks)) return;
    switch (effect.does) {
      case 'ask':
        return this.#sights.asked(path, call.name.startsWith('readlink') ? 'read' : 'asked');
      case 'enter':
        this.#processes.moved(call.pid, path);
        return this.#sights.asked(path, 'asked');
      case 'execute':
        return this.#executed(path, call);
      case 'make':
        return this.#sights.made(path, { fresh: true });
      case 'makeDirectory':
        this.#links.made(path, '');
        return this.#sights.madeDirectory(path);
      case 'change':
        return this.#changed(path);
      case 'remove':
        if (call.name !== 'rmdir' && !call.args[2]?.includes('AT_REMOVEDIR')) this.#lost(path);
        this.#links.gone(path);
        return this.#sights.removed(path);
      default:
        return this.#opened(path, call, opening);
    }
  }

  #opened(asked: string, { opened }: Call, opening: ReturnType<typeof openingOf> | undefined): void {
    if (!opening || opening.nameless) return;
    // What it led to then, the descriptor knows best.
    const known = opened?.startsWith('/') ? unescaped(opened) : asked;
    // Through a link that is gone by now.
    if (known !== asked) this.#sights.asked(asked, 'read');
    if (SPECIAL.test(known)) return;
    const { reads, writes, fresh, empties } = opening;
    if (reads && !fresh && !empties && !(writes && opening.creates)) this.#sights.asked(known, 'read');
    else if (!writes) this.#sights.asked(known, 'asked');
    if (!writes) return;
    // To write in a file without creating it, it must be there.
    if (!opening.creates) this.#sights.asked(known, 'asked');
    this.#links.made(known, '');
    this.#sights.made(known, { fresh, kept: !fresh && !empties });
  }

  #moves(effect: Of<'rename' | 'link'>, call: Call): void {
    const flags = call.args[effect.from.flags ?? -1] ?? '';
    const from = this.#find(call, effect.from, flags.includes('AT_SYMLINK_FOLLOW'));
    const to = this.#find(call, effect.to, false);
    if (call.result === '?') this.doubt(`it was stopped in the middle of ${call.name} of ${from ?? to}`);
    if (call.result === '?' || call.error !== '') {
      // Which of the two it failed for can't be told.
      for (const path of [from, to, to && parentOf(to)]) if (path !== undefined) this.#sights.asking(path);
      return;
    }
    if (to === undefined) return;
    if (effect.does === 'link' || from === undefined) {
      if (from !== undefined) this.#sights.asked(from, 'read');
      return this.#sights.made(to, { fresh: effect.does === 'link' });
    }
    if (flags.includes('RENAME_EXCHANGE')) this.doubt(`it exchanged ${from} and ${to}`);
    if (!this.#sights.isOwn(from) && (this.#links.wasEntered(from) || isDirectory(to)))
      this.doubt(`it moved the directory ${from}, which was there before`);
    this.#links.gone(from, to);
    this.#sights.moved(from, to);
  }

  #linked(effect: Of<'symlink'>, call: Call): void {
    const path = this.#find(call, effect.to, false);
    if (path === undefined || !this.#isDone(call, path, true)) return;
    this.#links.made(path, quoted(call.args[effect.target]) ?? '');
    this.#sights.made(path, { fresh: true });
  }

  /** The real path that a call names, if it is one of a disk; links on the way to it have been noted. */
  #find({ name, pid, args, error }: Call, at: PathArguments, follow: boolean): string | undefined {
    const path = quoted(args[at.path]);
    if (path === undefined || path === '' || SILENT.test(error)) return undefined;
    // Which directory that is, only its process knows; what it opens there, its descriptor tells.
    if (/^\/proc\/[^/]+\/(?:cwd|root)\//.test(path) && !name.startsWith('open')) throw new Error(`asked for ${path}`);
    const flags = args[at.flags ?? -1] ?? '';
    const descriptor = at.directory === undefined ? undefined : args[at.directory];
    let from: string | undefined = '/';
    if (!path.startsWith('/')) {
      if (descriptor?.endsWith('(deleted)')) return undefined; // nothing is there any more
      from = descriptor === undefined ? this.#processes.cwd(pid) : pathOf(descriptor);
      if (from === undefined) throw new Error(`from where ${JSON.stringify(path)} begins can't be told`);
    }
    if (descriptor?.startsWith('AT_FDCWD')) this.#processes.moved(pid, pathOf(descriptor));
    const followsLast = follow && !flags.includes('AT_SYMLINK_NOFOLLOW');
    const led = this.#links.led(path, { from, follow: followsLast, there: !MISSING.has(error) });
    this.#passed(led);
    return SPECIAL.test(led.real) && !path.startsWith('/proc') ? undefined : led.real;
  }

  #passed({ links, left }: Led): void {
    for (const link of links) this.#sights.asked(link, 'read');
    for (const directory of left) this.#sights.asked(directory, 'asked');
  }

  /** Whether it went well. If not, that is something that was seen, too. */
  #isDone({ result, error, name }: Call, path: string, writes: boolean): boolean {
    if (SPECIAL.test(path)) return result !== '?' && error === '';
    if (result === '?') {
      if (writes) this.doubt(`it was stopped in the middle of ${name} of ${path}`);
      this.#sights.asking(path);
      return false;
    }
    if (error === '') return true;
    if (error === 'ENOENT') this.#sights.missed(path);
    else if (error === 'ENOTDIR') this.#sights.asking(path); // there may be a file
    else this.#sights.asked(path, 'asked');
    // What can't be made may lack a place.
    if (writes && MISSING.has(error)) this.#sights.asking(parentOf(path));
    return false;
  }

  #changed(path: string): void {
    // A directory's mode and times aren't what it is made of.
    if (!this.#sights.isOwn(path) && isDirectory(path)) this.#sights.asked(path, 'asked');
    else this.#sights.made(path, { kept: true });
  }

  /** What led through a link that is gone can't be found again. */
  #lost(path: string): void {
    if (this.#links.wasEntered(path) && !this.#sights.isOwn(path))
      this.doubt(`it removed the link ${path}, through which it had looked`);
  }

  #boundFile({ name, args, error, pid }: Call): undefined {
    const path = name === 'bind' && error === '' ? /sun_path=("(?:[^\\"]|\\.)*")/.exec(args[1] ?? '')?.[1] : undefined;
    const from = this.#processes.cwd(pid);
    if (path === undefined || from === undefined) return;
    const { real } = this.#links.led(quoted(path) ?? '', { from, follow: true, there: true });
    this.#sights.made(real, { fresh: true });
  }

  /** The kernel reads the program that a script's first line names without a call of its own. */
  #executed(path: string, call: Call): void {
    this.#sights.asked(path, 'read');
    if (this.#interpreted.has(path)) return;
    this.#interpreted.add(path);
    const interpreter = interpreterOf(path);
    const from = this.#processes.cwd(call.pid);
    if (interpreter === undefined || from === undefined) return;
    const led = this.#links.led(interpreter, { from, follow: true, there: true });
    this.#passed(led);
    this.#executed(led.real, call);
  }
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function interpreterOf(path: string): string | undefined {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(256);
      const text = buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, 0));
      return /^#![ \t]*([^ \t\n]+)/.exec(text)?.[1];
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined; // gone, or nobody but the kernel may read it
  }
}
