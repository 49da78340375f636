/** The calls by which inputs are looked at, so that a test can count them or make one fail. */
import fs from 'node:fs';

/** What of `node:fs` looks at inputs. */
export type Disk = Pick<
  typeof fs,
  | 'closeSync'
  | 'fstatSync'
  | 'lstatSync'
  | 'openSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'readlinkSync'
  | 'readSync'
  | 'realpathSync'
  | 'statSync'
>;

/** The machine's own. */
export const machineDisk: Disk = fs;
