import { createHmac, timingSafeEqual } from 'node:crypto';
import { Progress } from './progress.ts';
import { formatStitch, parseStitch, type Stitch } from './stitch.ts';

/**
 * The `id:` of a change stream: where to go on. Version 1 is `1~<subscription>~<progress>~<mac>` and, while the snapshot is still
 * being stitched, `~<stitch>~<mac>`. The first half is the same for every subscriber of a class, so it is made once; the second is constant for a stream.
 * Both are sealed, so that nobody can make a cursor into a past that was never streamed to them.
 */
export interface Cursor {
  /** Fingerprint of who reads what (subscriptions/access.ts). */
  subscription: string;
  progress: Progress;
  stitch: Stitch | undefined;
}

const VERSION = '1';

export class CursorCodec {
  readonly #secret: string;

  /** `secret`: the same in every replica, stable over restarts. */
  constructor(secret: string) {
    this.#secret = secret;
  }

  /** The shared half. */
  position(subscription: string, progress: string): string {
    const body = `${VERSION}~${subscription}~${progress}`;
    return `${body}~${this.#mac(body)}`;
  }

  /** The stream's own half, to be appended; empty once the snapshot is behind. */
  suffix(subscription: string, stitch: Stitch | undefined): string {
    if (!stitch) return '';
    const body = formatStitch(stitch);
    return `~${body}~${this.#mac(`${subscription}~${body}`)}`;
  }

  /** Undefined for text that is not a cursor of this version and secret. */
  parse(text: string): Cursor | undefined {
    const [version, subscription = '', progress = '', mac = '', stitch, stitchMac = '', ...rest] = text.split('~');
    if (version !== VERSION || rest.length > 0) return undefined;
    if (!this.#matches(`${version}~${subscription}~${progress}`, mac)) return undefined;
    if (stitch !== undefined && !this.#matches(`${subscription}~${stitch}`, stitchMac)) return undefined;
    try {
      return { subscription, progress: Progress.fromText(progress), stitch: stitch === undefined ? undefined : parseStitch(stitch) };
    } catch {
      return undefined;
    }
  }

  #mac(body: string): string {
    return createHmac('sha256', this.#secret).update(body).digest('base64url').slice(0, 22);
  }

  #matches(body: string, mac: string): boolean {
    const expected = this.#mac(body);
    return mac.length === expected.length && timingSafeEqual(Buffer.from(mac), Buffer.from(expected));
  }
}
