/** The layout of a store's directory: made where there is none, refused where it is newer than this release. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { folders, quietly, type StoreFiles, textOf } from './store-files.ts';

/** The layout that this release writes. */
const LAYOUT = 1;

/**
 * Look at the layout, and write it down in a directory that has none.
 *
 * @throws `newer_format` or `foreign_directory`, with nothing changed.
 */
export function openLayout(files: StoreFiles): void {
  const path = join(files.home, 'layout.json');
  const text = textOf(path);
  if (text !== undefined) return checkLayout(path, text);
  const foreign = namesIn(files.home).find((name) => !(folders as readonly string[]).includes(name));
  if (foreign !== undefined && foreign !== 'layout.json')
    throw new TidemarkError('foreign_directory', `${files.home} holds ${describe(foreign)}, which no build store has`);
  // What can't be written now is told by the first write, or written by the next who opens.
  const layout = `${JSON.stringify({ tidemark: 'build', layout: LAYOUT })}\n`;
  if (!files.readOnly) quietly(() => files.place(path, layout, 'new'));
}

function checkLayout(path: string, text: string): void {
  const layout = layoutIn(text);
  if (layout === undefined)
    throw new TidemarkError('foreign_directory', `${path} isn't the layout of a build store; it was left as it is`);
  if (layout > LAYOUT)
    throw new TidemarkError(
      'newer_format',
      `${path} says layout ${layout}, and this release knows ${LAYOUT}: use a later release, or another directory`,
    );
}

function layoutIn(text: string): number | undefined {
  try {
    const { tidemark, layout } = JSON.parse(text) as { readonly tidemark: unknown; readonly layout: unknown };
    const known = tidemark === 'build' && Number.isSafeInteger(layout) && (layout as number) >= 1;
    return known ? (layout as number) : undefined;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return []; // not there yet, or told by the first write
  }
}
