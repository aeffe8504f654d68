/** Injection token of the service that answers row requests. */
export const ROWS = Symbol('rows');
