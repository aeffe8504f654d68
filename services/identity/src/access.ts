import { BlockList, isIP } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';

/** Who may talk to the built-in provider: this machine, under its public name, from its own pages. */
export class Access {
  readonly #public: URL;
  readonly #peers = new BlockList();

  constructor(publicUrl: string, trustedPeers: readonly string[] = []) {
    this.#public = new URL(publicUrl);
    this.#peers.addSubnet('127.0.0.0', 8, 'ipv4');
    this.#peers.addAddress('::1', 'ipv6');
    for (const peer of trustedPeers) this.#peers.addAddress(peer, isIP(peer) === 6 ? 'ipv6' : 'ipv4');
  }

  /** Why a request is refused; undefined when it may pass. Host is checked against DNS rebinding, Origin against other sites' forms. */
  refusal(peer: string | undefined, headers: IncomingHttpHeaders, method: string): string | undefined {
    if (!this.#isTrusted(peer)) return 'the built-in identity provider serves this machine only';
    if (headers.host?.toLowerCase() !== this.#public.host) return `unknown host: use ${this.#public.origin}`;
    if (method === 'GET' || method === 'HEAD') return undefined;
    if (headers.origin !== undefined && headers.origin !== this.#public.origin) return 'requests from other sites are refused';
    if (headers['sec-fetch-site'] === 'cross-site') return 'requests from other sites are refused';
    return undefined;
  }

  #isTrusted(peer: string | undefined): boolean {
    const address = peer?.replace(/^::ffff:/, '') ?? '';
    const family = isIP(address);
    return family !== 0 && this.#peers.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}
