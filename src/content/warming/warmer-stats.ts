/** What a warmer has done since it was made, by plan. */
import type { Catalogue } from './catalogue.ts';
import type { Uses } from './uses.ts';
import type { PlanReport, WarmReport } from './warm-run.ts';

/** Figures of one plan. */
export interface PlanStats extends Uses {
  readonly runs: number;
  /** Runs that left the plan to another process. */
  readonly skipped: number;
  readonly warmed: number;
  readonly failed: number;
  readonly coalesced: number;
  readonly left: number;
  /** Runs in which the plan itself threw. */
  readonly errors: number;
}

/** Figures of a warmer. */
export interface WarmerStats {
  readonly runs: number;
  readonly running: number;
  /** Reads that wait for their turn, and that are under way. */
  readonly waiting: number;
  readonly underWay: number;
  /** Runs that did nothing since too many were under way. */
  readonly busy: number;
  /** Milliseconds of all runs together. */
  readonly ms: number;
  readonly last: WarmReport | undefined;
  readonly plans: Readonly<Record<string, PlanStats>>;
}

type PlanCounts = { -readonly [K in Exclude<keyof PlanStats, keyof Uses>]: number };

/** Adds up reports. */
export class WarmerCounts {
  readonly #plans = new Map<string, PlanCounts>();
  readonly #sums = { runs: 0, busy: 0, ms: 0 };
  #last: WarmReport | undefined;

  add(report: WarmReport): WarmReport {
    this.#sums.runs++;
    this.#sums.ms += report.ms;
    if (report.ended === 'busy') this.#sums.busy++;
    for (const plan of report.plans) this.#add(plan);
    return (this.#last = report);
  }

  /** Without a catalogue nobody sees what is used: then `watched` is 0. */
  stats(
    names: readonly string[],
    catalogue: Catalogue | undefined,
    now: Pick<WarmerStats, 'running' | 'waiting' | 'underWay'>,
  ): WarmerStats {
    const plans = names.map((name) => {
      const uses = catalogue?.uses(name) ?? { watched: 0, used: 0 };
      return [name, { ...this.#of(name), ...uses }] as const;
    });
    return { ...this.#sums, ...now, last: this.#last, plans: Object.fromEntries(plans) };
  }

  #add(report: PlanReport): void {
    const counts = this.#of(report.plan);
    counts.runs++;
    for (const name of ['warmed', 'failed', 'coalesced', 'left'] as const) counts[name] += report[name];
    if (report.skipped) counts.skipped++;
    if (report.error !== undefined) counts.errors++;
  }

  #of(plan: string): PlanCounts {
    let counts = this.#plans.get(plan);
    if (!counts) {
      counts = { runs: 0, skipped: 0, warmed: 0, failed: 0, coalesced: 0, left: 0, errors: 0 };
      this.#plans.set(plan, counts);
    }
    return counts;
  }
}
