/** Who is signed in, as the web app may know it. */
export interface SessionUser {
  subject: string;
  name: string;
  /** Display only: the services go by the token. */
  role: string;
}

/** What the sealed cookie holds. */
export interface SignedIn {
  accessToken: string;
  refreshToken?: string;
  /** Shown to the issuer at sign-out; left out where the cookie would grow too large. */
  idToken?: string;
  /** When the access token expires, ms since the epoch. */
  expiresAt: number;
  /** How long it lives in all, ms. */
  lifetimeMs: number;
  user: SessionUser;
}

/** An authorization request under way. */
export interface PendingSignIn {
  state: string;
  nonce: string;
  verifier: string;
  /** Path in the console to go on to. */
  returnTo: string;
}
