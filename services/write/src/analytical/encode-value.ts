import type { LakeValue } from '#libs/lakehouse/lake-type';

/** A value as PostgreSQL's text output writes it. `null` is none of its business. */
export function textOf(pg: string, value: Exclude<LakeValue, null>): string {
  switch (pg) {
    case 'float4':
      return floatText(value, 6, singlePrecision);
    case 'float8':
      return floatText(value, 15, (number) => number.toExponential());
    case 'bytea':
      return `\\x${Buffer.from(value as Uint8Array).toString('hex')}`;
    case 'timestamp':
      return timestamp(String(value), ' ', '');
    case 'timestamptz':
      return timestamp(String(value), ' ', '+00');
    case 'date':
      return date(String(value));
    default:
      return String(value);
  }
}

/** A value as `row_to_json` writes it. */
export function jsonOf(pg: string): (value: LakeValue) => string {
  const encode = encoderOf(pg);
  return (value) => (value === null ? 'null' : encode(value));
}

function encoderOf(pg: string): (value: Exclude<LakeValue, null>) => string {
  switch (pg) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'bool':
      return String;
    case 'numeric':
      // What JSON has no number for (NaN) is text.
      return (value) => (/^-?\d/.test(String(value)) ? String(value) : JSON.stringify(value));
    case 'float4':
    case 'float8':
      return (value) => (Number.isFinite(value) ? textOf(pg, value) : JSON.stringify(textOf(pg, value)));
    case 'json':
    case 'jsonb':
      return String;
    case 'timestamp':
      return (value) => `"${timestamp(String(value), 'T', '')}"`;
    case 'timestamptz':
      return (value) => `"${timestamp(String(value), 'T', '+00:00')}"`;
    default:
      return (value) => JSON.stringify(textOf(pg, value));
  }
}

/** Shortest digits that read back the same; an exponent where C's %g would have one (PostgreSQL manual, "Floating-Point Types"). */
function floatText(value: LakeValue, precision: number, shortest: (number: number) => string): string {
  const number = Number(value);
  if (Number.isNaN(number)) return 'NaN';
  if (!Number.isFinite(number)) return number > 0 ? 'Infinity' : '-Infinity';
  if (number === 0) return Object.is(number, -0) ? '-0' : '0';
  const [mantissa = '', exponent = '0'] = shortest(number).split('e');
  const power = Number(exponent);
  if (power < -4 || power >= precision) return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return plain(mantissa, power);
}

/** `1.25e2` → `125` */
function plain(mantissa: string, power: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replaceAll(/[-.]/g, '');
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  const padded = digits.padEnd(power + 1, '0');
  const fraction = padded.slice(power + 1);
  return sign + padded.slice(0, power + 1) + (fraction === '' ? '' : `.${fraction}`);
}

function singlePrecision(number: number): string {
  for (let digits = 0; digits < 9; digits += 1) {
    const text = number.toExponential(digits);
    if (Math.fround(Number(text)) === number) return trimmed(text);
  }
  return number.toExponential();
}

function trimmed(text: string): string {
  const [mantissa = '', exponent = '0'] = text.split('e');
  return `${mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa}e${exponent}`;
}

function date(iso: string): string {
  const { year, rest, era } = parts(iso);
  return year + rest + era;
}

/** `iso`: as the lakehouse gives it, with six digits, `Z` when it is of a zone. */
function timestamp(iso: string, separator: string, zone: string): string {
  if (iso.endsWith('infinity')) return iso;
  const { year, rest, era } = parts(iso.replace(/Z$/, ''));
  const [day = '', time = ''] = rest.split('T');
  return `${year}${day}${separator}${time.includes('.') ? time.replace(/\.?0+$/, '') : time}${zone}${era}`;
}

/** ISO 8601's year, which counts 0 and has a sign past 9999, as PostgreSQL writes it. */
function parts(iso: string): { year: string; rest: string; era: string } {
  const match = /^([+-]?\d{4,6})(-.*)$/.exec(iso);
  if (!match) return { year: iso, rest: '', era: '' };
  const number = Number(match[1]);
  const year = number > 0 ? number : 1 - number;
  return { year: String(year).padStart(4, '0'), rest: match[2] ?? '', era: number > 0 ? '' : ' BC' };
}
