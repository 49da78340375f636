/** Measured figures as text. */
import type { Latencies } from './latencies.ts';
import type { Comparison } from './load.ts';

/** How a load stands, on one line of at most 78 characters. */
export function liveLine({ without, with: cached, hitRatio, saved }: Comparison): string {
  const requests = (without.requests + cached.requests).toLocaleString('en');
  const mean = `${time(without.http.mean)} → ${time(cached.http.mean)}`;
  return `${requests} requests   ${percent(hitRatio)} hits   ${mean}   ${saved.toLocaleString('en')} queries saved`;
}

/** Both ways beside each other: without the cache, with it, and how they compare. */
export function comparisonRows({ without, with: cached, hitRatio, saved }: Comparison): string[][] {
  const times = (label: string, of: (latencies: Latencies) => number, on: 'http' | 'read') => {
    const [slow, fast] = [of(without[on]), of(cached[on])];
    return [label, time(slow), time(fast), `${(slow / fast).toFixed(1)} ×`];
  };
  const mean = (latencies: Latencies) => latencies.mean;
  const at = (share: number) => (latencies: Latencies) => latencies.percentile(share);
  const share = without.queries === 0 ? 0 : saved / without.queries;
  return [
    ['requests', without.requests.toLocaleString('en'), cached.requests.toLocaleString('en'), ''],
    times('HTTP request, mean', mean, 'http'),
    times('              p50', at(0.5), 'http'),
    times('              p99', at(0.99), 'http'),
    times('read alone,   mean', mean, 'read'),
    times('              p50', at(0.5), 'read'),
    times('              p99', at(0.99), 'read'),
    ['hit ratio', '', percent(hitRatio), ''],
    [
      'database queries',
      without.queries.toLocaleString('en'),
      cached.queries.toLocaleString('en'),
      `${percent(share)} saved`,
    ],
  ];
}

/** Milliseconds as text, microseconds below a tenth of one, seconds from a thousand on. */
export function time(ms: number): string {
  if (Number.isNaN(ms)) return '–';
  if (ms < 0.1) return `${(ms * 1000).toFixed(1)} µs`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}

/** A share from 0 to 1 as text. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
