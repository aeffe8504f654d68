/** Who acts, as a verified token or a flow's own identity says. */
export interface Principal {
  /** The token's `sub`: stable, never shown to people as a name. For a flow: `flow:<name>`. */
  subject: string;
  /** Display name (`name` or `preferred_username`), when the issuer gives one. */
  name?: string;
  /** The Postgres role that the statement runs as. */
  role: string;
  /** The agent that acts (`act.sub`, RFC 8693 §4.1, or `azp` of an agent client), when one does. */
  agent?: string;
  /** On whose behalf an agent acts. */
  onBehalfOf?: string;
  /** Authentication methods (RFC 8176). */
  amr: readonly string[];
  /** The token's claims as row filters see them. */
  claims: Readonly<Record<string, unknown>>;
}
