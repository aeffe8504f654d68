/** Injection token of the service's options. */
export const CDC_OPTIONS = Symbol('CDC_OPTIONS');
