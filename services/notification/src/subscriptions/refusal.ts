/** Why a subscription can't be had: what becomes a problem+json before the stream starts. */
export interface Refusal {
  status: 400 | 403 | 404 | 409;
  /** `urn:lakeloop:problem:<code>` */
  code: string;
  detail: string;
  hint?: string;
}

export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}
