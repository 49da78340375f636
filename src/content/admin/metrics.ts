/** The figures as Prometheus reads them: its text format, version 0.0.4. */
import type { AdminStats } from './figures.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number | boolean | null];

const OUTCOMES = ['hits', 'stale', 'loaded', 'joined', 'absent', 'failed', 'aborted'] as const;
const WORK = ['loads', 'loadFailures', 'overtaken', 'refreshes', 'sets'] as const;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

/** The media type of {@link metricsText}. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** All counters and gauges. Those of collections don't hold the reads without a collection. */
export function metricsText({ cache, collections, totals, tiers, log }: AdminStats, healthy: boolean): string {
  const perCollection = <Name extends string>(
    names: readonly Name[],
    label: string,
    of: (figures: (typeof collections)[number], name: Name) => number,
  ) =>
    collections.flatMap((figures) =>
      names.map((name): Sample => [{ collection: figures.name, [label]: name }, of(figures, name)]),
    );
  const perTier = (of: (tier: (typeof tiers)[number]) => Sample[1]) =>
    tiers.map((tier): Sample => [{ tier: tier.name }, of(tier)]);
  const families = [
    family(
      'reads_total',
      'counter',
      'Reads by how they ended.',
      perCollection(OUTCOMES, 'outcome', (f, n) => f[n]),
    ),
    family(
      'work_total',
      'counter',
      'What went on beside the reads.',
      perCollection(WORK, 'kind', (f, n) => f[n]),
    ),
    family('bypassed_total', 'counter', 'Reads that the switches sent to the source.', [[{}, totals.bypassed]]),
    family(
      'tier_reads_total',
      'counter',
      'Reads that asked the tier.',
      perTier((t) => t.reads),
    ),
    family(
      'tier_found_total',
      'counter',
      'Reads that found an entry, valid or not.',
      perTier((t) => t.found),
    ),
    family(
      'tier_failures_total',
      'counter',
      'Operations that failed.',
      perTier((t) => t.failures),
    ),
    family(
      'tier_skipped_total',
      'counter',
      'Operations not tried.',
      perTier((t) => t.skipped),
    ),
    family(
      'tier_evicted_total',
      'counter',
      'Entries that left for want of room.',
      perTier((t) => t.evicted),
    ),
    family(
      'tier_expired_total',
      'counter',
      'Entries that left when their time was over.',
      perTier((t) => t.expired),
    ),
    family(
      'tier_entries',
      'gauge',
      'Entries held.',
      perTier((t) => t.entries),
    ),
    family(
      'tier_bytes',
      'gauge',
      'Bytes held.',
      perTier((t) => t.bytes),
    ),
    family(
      'tier_open',
      'gauge',
      '1 while the breaker is open.',
      perTier((t) => t.breaker === 'open'),
    ),
    family(
      'tier_gauge',
      'gauge',
      'What the store of the tier counts besides.',
      tiers.flatMap(({ name: tier, gauges }) =>
        Object.entries(gauges).map(([gauge, value]): Sample => [{ tier, gauge }, value]),
      ),
    ),
    family('log_known_mark', 'gauge', 'The newest mark known.', [[{}, log.known]]),
    family('log_unsaid', 'gauge', 'Changes that wait to be said.', [[{}, log.unsaid]]),
    family('log_silent_seconds', 'gauge', 'Since when all that is in the log is known.', [[{}, log.silentFor / 1000]]),
    family('healthy', 'gauge', '1 while nothing is wrong.', [[{}, healthy]]),
  ];
  return families.map((one) => one(cache)).join('');
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]) {
  return (cache: string): string => {
    const lines = samples.flatMap(([labels, value]) =>
      value === null ? [] : [`tidemark_${name}${labelled({ cache, ...labels })} ${number(value)}\n`],
    );
    if (lines.length === 0) return '';
    return `# HELP tidemark_${name} ${help}\n# TYPE tidemark_${name} ${type}\n${lines.join('')}`;
  };
}

function labelled(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll(/[\\"\n]/g, (c) => ESCAPES[c])}"`,
  );
  return `{${pairs.join(',')}}`;
}

function number(value: number | boolean): string {
  return value === Infinity ? '+Inf' : String(Number(value));
}
