/** The caller is not who the request needs: 401. `expired` can be mended by refreshing the token. */
export class UnauthorizedToken extends Error {
  readonly reason: 'missing' | 'expired' | 'invalid';

  constructor(reason: UnauthorizedToken['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnauthorizedToken';
    this.reason = reason;
  }
}
