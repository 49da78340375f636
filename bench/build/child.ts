/** A process that does one thing in a workspace, and prints how much memory it took at most, in units of 1,024 bytes. */
import { type Deed, perform } from './deeds.ts';
import type { Workspace } from './workspace.ts';

const [deed, workspace] = process.argv.slice(2);
await perform(deed as Deed, JSON.parse(workspace) as Omit<Workspace, 'runs'>);
console.log(process.resourceUsage().maxRSS);
