/** `webpack`: into `dist`, unless its command line or a configuration says otherwise. */
import type { Collected } from './collected.ts';
import { MODULES, withEndings } from './config-names.ts';
import { Findings, type Invocation } from './findings.ts';
import { flagsOf } from './flags.ts';
import { refuseFlags, SERVES, WATCHES } from './refusals.ts';

/** Commands that build nothing that could be kept. */
const commands: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^(?:serve|server|s)$/, SERVES],
  [/^(?:watch|w)$/, WATCHES],
  [/^(?:init|loader|plugin|migrate|info|i|version|v|help|h|configtest|t)$/, 'it builds nothing'],
];

const CONFIGS = ['webpack.config', '.webpack/webpack.config', '.webpack/webpackfile'].flatMap((name) =>
  withEndings(name, `${MODULES} json jsx tsx coffee babel.js babel.ts`),
);

export function collectWebpack(invocation: Invocation): Collected {
  const flags = flagsOf(invocation.words, {
    valued: `config configName configNodeEnv context devtool dotenv entry env extends mode name outputChunkFilename
      outputFilename outputPath recordsPath target`,
    optional: 'analyze json progress stats',
    letters: 'c=config d=devtool e=extends j=json m=merge n=name o=outputPath t=target w=watch',
  });
  const found = new Findings(invocation);
  refuseFlags(flags, found, { analyze: SERVES });
  for (const [pattern, reason] of commands) if (pattern.test(flags.rest[0] ?? 'build')) found.refuse(reason);
  found.env('WEBPACK_*', 'BROWSERSLIST*');

  const named = [...flags.values('config'), ...flags.values('extends')];
  found.configs(...named);
  const isConfigured = named.length > 0 || found.firstConfig(CONFIGS) !== undefined;
  found.configs('package.json', '.browserslistrc');
  found.directoryOf({ named: flags.value('outputPath'), usual: 'dist', isConfigured });
  found.files(...flags.values('json').slice(-1));
  return found.collected();
}
