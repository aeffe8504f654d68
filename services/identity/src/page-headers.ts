import type { ServerResponse } from 'node:http';

/** What a page of ours may do: its own style and script, post to the named places, and nothing else. `nonce` is fresh per answer. */
export function setPageHeaders(response: ServerResponse, nonce: string, formActions: readonly string[]): void {
  const policy = [
    `default-src 'none'`,
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    `form-action ${formActions.join(' ')}`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
  ];
  response.setHeader('content-security-policy', policy.join('; '));
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  // `no-referrer` would turn the form's Origin into `null`, which the mount refuses.
  response.setHeader('referrer-policy', 'same-origin');
  response.setHeader('cache-control', 'no-store');
}
