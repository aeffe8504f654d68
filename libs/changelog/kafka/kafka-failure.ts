import { findErrorBy, GenericError } from './protocol.ts';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import type { FailureKind } from '#libs/failure/failure-kind';

/** Error codes of the Kafka protocol that mean something to us (kafka.apache.org/protocol, "Error Codes"). */
export const CODE = {
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  messageTooLarge: 10,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  invalidTopic: 17,
  unknownMemberId: 25,
  recordListTooLarge: 18,
  topicAuthorizationFailed: 29,
  topicAlreadyExists: 36,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  invalidProducerIdMapping: 49,
  concurrentTransactions: 51,
  invalidRecord: 87,
  producerFenced: 90,
} as const;

const KIND_BY_CODE: Readonly<Record<number, FailureKind>> = {
  [CODE.offsetOutOfRange]: 'position-lost',
  [CODE.messageTooLarge]: 'invalid-input',
  [CODE.recordListTooLarge]: 'invalid-input',
  [CODE.invalidRecord]: 'invalid-input',
  [CODE.invalidTopic]: 'misconfigured',
  [CODE.invalidProducerEpoch]: 'fenced',
  [CODE.invalidProducerIdMapping]: 'fenced',
  [CODE.producerFenced]: 'fenced',
  [CODE.topicAuthorizationFailed]: 'forbidden',
  30: 'forbidden',
  53: 'forbidden',
  56: 'storage-full',
};

/** Whether an error of either client carries this protocol code. */
export function hasCode(error: unknown, code: number): boolean {
  if (isKafkajs(error)) return ('code' in error && error.code === code) || hasCode(error.cause, code) || nested(error).some((inner) => hasCode(inner, code));
  return error instanceof Error && findErrorBy(error, 'apiCode', code) !== null;
}

/** By name: its classes would have it loaded by those who need none of it. */
function isKafkajs(error: unknown): error is Error {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}

function nested(error: object): unknown[] {
  return 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
}

/** Turns an error of kafkajs or @platformatic/kafka into a Failure that names what was being done. */
export function kafkaFailure(doing: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = `${doing}: ${error instanceof Error ? error.message : String(error)}`;
  for (const [code, kind] of Object.entries(KIND_BY_CODE))
    if (hasCode(error, Number(code))) return new Failure(kind, message, { cause: error, detail: { code: Number(code) } });
  const refused = refusal(error);
  if (refused) return new Failure(refused.kind, `${doing}: ${refused.message}`, { cause: error });
  if (gaveUp(error)) return new Failure('dependency-unavailable', `${doing}: Kafka did not answer in time`, { cause: error });
  const known = isKafkajs(error) || (error instanceof Error && GenericError.isGenericError(error));
  // Which dependency it is must be said: the client's own words are often no more than that a connection was closed.
  if (known) return new Failure('dependency-unavailable', /kafka/i.test(message) ? message : `Kafka: ${message}`, { cause: error });
  return new Failure(classify(error).kind, message, { cause: error });
}

const UNTRUSTED = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID)$/;

/** What trying again changes nothing about: the log-in and the certificate. By name: the platform's error class is not ours in every context. */
function refusal(error: unknown): { kind: FailureKind; message: string } | null {
  let at = error as { code?: unknown; name?: unknown; cause?: unknown } | undefined;
  for (let depth = 0; typeof at === 'object' && at !== null && depth < 8; at = at.cause as typeof at, depth += 1) {
    const code = String(at.code);
    if (code === 'PLT_KFK_AUTHENTICATION' || at.name === 'KafkaJSSASLAuthenticationError')
      return { kind: 'forbidden', message: 'the broker refused the log-in (KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD, KAFKA_SASL_MECHANISM)' };
    if (UNTRUSTED.test(code)) return { kind: 'misconfigured', message: `the broker's certificate is not trusted: ${code} (KAFKA_SSL_CA)` };
  }
  return null;
}

/** Whether the same request may succeed a moment later, at once or at another broker. */
export function isTransient(error: unknown): boolean {
  return kafkaFailure('', error).kind === 'dependency-unavailable' || kafkaFailure('', error).kind === 'timeout';
}

/** Whether a wait ended because its `AbortSignal.timeout` did. By name: the platform's error class is not ours in every context. */
export function gaveUp(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}
