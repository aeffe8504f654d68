import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parse } from 'csv-parse/sync';

/** A report as `birdstrikes.reports` has it, but for its id. */
export interface Report {
  airport: string;
  aircraft: string;
  flight_date: string;
  operator: string;
  state: string;
  phase: string;
  wildlife_size: string;
  species: string;
  time_of_day: string;
  speed_knots: number | null;
}

export interface KnownReport {
  report: Report;
  /** Amount of damage, as our label; null where the source has a code that names no amount (B, C). */
  damage: string | null;
}

const DAMAGE: Readonly<Record<string, string>> = { None: 'none', Minor: 'minor', Medium: 'medium', Substantial: 'substantial' };

/** The 10,000 FAA reports that come with vega-datasets. The three cost columns are left out: they are known only after the damage is. */
export function readReports(): KnownReport[] {
  // The package exports its index alone; the data lies beside it.
  const path = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data', 'birdstrikes.csv');
  const rows = parse<Record<string, string>>(readFileSync(path), { columns: true, bom: true });
  return rows.map((row) => {
    const text = (column: string): string => row[column] ?? '';
    const speed = text('Speed IAS in knots');
    const report: Report = {
      airport: text('Airport Name'),
      aircraft: text('Aircraft Make Model'),
      flight_date: text('Flight Date'),
      operator: text('Aircraft Airline Operator'),
      state: text('Origin State'),
      phase: text('Phase of flight'),
      wildlife_size: text('Wildlife Size'),
      species: text('Wildlife Species'),
      time_of_day: text('Time of day'),
      speed_knots: speed === '' ? null : Number(speed),
    };
    return { report, damage: DAMAGE[text('Effect Amount of damage')] ?? null };
  });
}
