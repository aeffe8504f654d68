import { CHANNELS, COUNTERPARTIES, CURRENCIES, NOTES, REGIONS, SUBJECTS } from './catalogue.ts';
import { chance, pick, type Random, skewed } from './draw.ts';

/** A transaction as the demo makes it; column names are those of `exceptions.transactions`. */
export interface DemoTransaction {
  account: string;
  counterparty: string | null;
  amount: string;
  currency: string;
  expected_amount: string | null;
  expected_currency: string | null;
  booked_at: string;
  value_date: string;
  channel: string;
  region: string;
  description: string;
  reference: string | null;
}
export interface LabelledTransaction {
  transaction: DemoTransaction;
  class: string;
  /** The flagger's words. */
  note: string;
}

const DAY = 86_400_000;
const SHARES: readonly (readonly [string, number])[] = [
  ['no_issue', 0.42],
  ['duplicate', 0.14],
  ['amount_mismatch', 0.14],
  ['wrong_currency', 0.08],
  ['missing_counterpart', 0.09],
  ['suspected_fraud', 0.04],
  ['timing', 0.09],
];
/** Share of labels that are simply wrong, as in any history that people wrote. */
const MISLABELLED = 0.03;

/** Labelled history of `count` transactions over the `days` before `until` (ms). One seed and end, one history. A duplicate follows what it repeats. */
export function* generateHistory(options: { count: number; days: number; until: number; random: Random }): Generator<LabelledTransaction> {
  const { count, days, until, random } = options;
  let previous: DemoTransaction | undefined;
  for (let index = 0; index < count; index += 1) {
    const bookedAt = until - days * DAY + ((index + random()) / count) * days * DAY;
    const example = generateOne({ bookedAt, random, ...(previous ? { previous } : {}) });
    previous = example.transaction;
    yield example;
  }
}

/** One labelled transaction booked about then; a duplicate repeats `previous`. */
export function generateOne({ bookedAt, random, previous }: { bookedAt: number; random: Random; previous?: DemoTransaction }): LabelledTransaction {
  const kind = draw(random);
  const plain = ordinary(bookedAt, random);
  const transaction = kind === 'duplicate' && previous ? repeat(previous, bookedAt, random) : disturb(plain, kind, random);
  const label = kind === 'duplicate' && !previous ? 'no_issue' : chance(random, MISLABELLED) ? draw(random) : kind;
  return { transaction, class: label, note: note(kind, random) };
}

function draw(random: Random): string {
  let at = random();
  for (const [name, share] of SHARES) {
    if (at < share) return name;
    at -= share;
  }
  return 'no_issue';
}

function note(kind: string, random: Random): string {
  const source = chance(random, 0.12) ? pick(random, Object.values(NOTES)) : (NOTES[kind] ?? ['']);
  return chance(random, 0.08) ? '' : pick(random, source);
}

function ordinary(bookedAt: number, random: Random): DemoTransaction {
  const { region, currency } = place(random);
  const amount = Math.round(skewed(random, 40, 60_000) * 100) / 100;
  const expected = chance(random, 0.1) ? amount + Math.round((random() - 0.5) * amount * 2) / 100 : amount;
  const day = working(bookedAt, random);
  const apart = chance(random, 0.2) ? 1 + Math.floor(random() * 3) : 0;
  const subject = pick(random, SUBJECTS);
  const number = String(10_000 + Math.floor(random() * 89_999));
  return {
    account: `ACC-${String(1 + Math.floor(random() * 40)).padStart(3, '0')}`,
    counterparty: chance(random, 0.01) ? null : pick(random, COUNTERPARTIES),
    amount: amount.toFixed(2),
    currency: chance(random, 0.05) ? pick(random, CURRENCIES) : currency,
    expected_amount: chance(random, 0.04) ? null : expected.toFixed(2),
    expected_currency: currency,
    booked_at: new Date(day).toISOString(),
    value_date: new Date(day + apart * DAY).toISOString().slice(0, 10),
    channel: pick(random, CHANNELS),
    region,
    description: `${subject} ${number}`,
    reference: chance(random, 0.05) ? null : `INV-${number}`,
  };
}

function place(random: Random): (typeof REGIONS)[number] {
  let at = random();
  for (const entry of REGIONS) {
    if (at < entry.share) return entry;
    at -= entry.share;
  }
  return REGIONS[0];
}

/** Mostly office hours, UTC. */
function working(time: number, random: Random): number {
  const midnight = Math.floor(time / DAY) * DAY;
  const hour = chance(random, 0.06) ? random() * 24 : 7 + random() * 11;
  return midnight + Math.floor(hour * 3_600_000);
}

function repeat(previous: DemoTransaction, bookedAt: number, random: Random): DemoTransaction {
  const later = Math.max(bookedAt, Date.parse(previous.booked_at) + 60_000 * Math.ceil(random() * 600));
  const changed = chance(random, 0.25);
  return {
    ...previous,
    booked_at: new Date(later).toISOString(),
    value_date: new Date(later).toISOString().slice(0, 10),
    reference: changed ? `INV-${10_000 + Math.floor(random() * 89_999)}` : previous.reference,
    channel: chance(random, 0.2) ? pick(random, CHANNELS) : previous.channel,
  };
}

/** Makes an ordinary transaction into one of a kind, seldom textbook-clean. */
function disturb(plain: DemoTransaction, kind: string, random: Random): DemoTransaction {
  const amount = Number(plain.amount);
  switch (kind) {
    case 'wrong_currency':
      return {
        ...plain,
        currency: pick(
          random,
          CURRENCIES.filter((currency) => currency !== plain.expected_currency),
        ),
        ...(chance(random, 0.3) ? { amount: (amount * (0.8 + random() * 0.4)).toFixed(2) } : {}),
      };
    case 'amount_mismatch':
      return { ...plain, expected_amount: (amount * (1 + (chance(random, 0.5) ? 1 : -1) * (0.005 + skewed(random, 0.01, 0.5)))).toFixed(2) };
    case 'missing_counterpart':
      return {
        ...plain,
        counterparty: chance(random, 0.6) ? null : plain.counterparty,
        expected_amount: chance(random, 0.8) ? null : plain.expected_amount,
        reference: chance(random, 0.6) ? null : plain.reference,
      };
    case 'suspected_fraud':
      return suspicious(plain, random);
    case 'timing': {
      const days = (chance(random, 0.6) ? 1 : -1) * (2 + Math.floor(random() * 12));
      return { ...plain, value_date: new Date(Date.parse(plain.booked_at) + days * DAY).toISOString().slice(0, 10) };
    }
    default:
      return plain;
  }
}

function suspicious(plain: DemoTransaction, random: Random): DemoTransaction {
  const night = chance(random, 0.6) ? `${plain.booked_at.slice(0, 11)}0${Math.floor(random() * 6)}${plain.booked_at.slice(13)}` : plain.booked_at;
  const amount = chance(random, 0.6) ? (Math.ceil(skewed(random, 50, 900)) * 100).toFixed(2) : plain.amount;
  return {
    ...plain,
    booked_at: night,
    amount,
    expected_amount: chance(random, 0.6) ? null : amount,
    channel: chance(random, 0.7) ? 'instant' : plain.channel,
    counterparty: chance(random, 0.5)
      ? `${pick(random, ['Prime', 'Global', 'Swift', 'Golden'])} ${pick(random, ['Trade', 'Invest', 'Holding', 'Partners'])} Ltd`
      : plain.counterparty,
  };
}
