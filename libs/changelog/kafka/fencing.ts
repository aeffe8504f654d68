import { addPartitionsToTxnV3, describeTransactionsV0, endTxnV3, initProducerIdV4, type Connection } from './protocol.ts';
import { Failure } from '#libs/failure/failure';
import { retrying } from '#libs/runtime/backoff';
import { COORDINATOR, type Cluster } from './cluster.ts';
import { CODE, gaveUp, hasCode, isTransient, kafkaFailure } from './kafka-failure.ts';

/** What the brokers know a producer by. A higher epoch fences the lower ones. */
export interface ProducerIdentity {
  id: bigint;
  epoch: number;
}

export type Partitions = ReadonlyMap<string, readonly number[]>;

const TRANSACTION_TIMEOUT_MS = 60_000;
const GIVE_UP_MS = 20_000;
const COORDINATOR_MOVED = [CODE.coordinatorLoading, CODE.coordinatorNotAvailable, CODE.notCoordinator, CODE.concurrentTransactions];

/**
 * Fencing without a transaction per batch (decisions.md 17, docs/adr/0006-kafka-clients.md): the transactional id gives an identity with an epoch, and
 * one empty, aborted transaction carries that epoch to every partition; plain idempotent batches under it follow. A broker then
 * refuses every batch of an older epoch.
 */
export class Fencing {
  readonly #cluster: Cluster;
  readonly #transactionalId: string;
  readonly #lane: string;

  constructor(cluster: Cluster, transactionalId: string, lane: string) {
    this.#cluster = cluster;
    this.#transactionalId = transactionalId;
    this.#lane = lane;
  }

  /** A new epoch. With `current`, only while no other producer has taken one since: else a `fenced` Failure. */
  async takeEpoch(current?: ProducerIdentity): Promise<ProducerIdentity> {
    const response = await this.#atCoordinator('taking a producer epoch', (connection) =>
      initProducerIdV4.api.async(connection, this.#transactionalId, TRANSACTION_TIMEOUT_MS, current?.id ?? -1n, current?.epoch ?? -1),
    );
    return { id: response.producerId, epoch: response.producerEpoch };
  }

  /** Resolves once every one of these partitions refuses older epochs. Throws `fenced` when ours is old itself. */
  async fence(identity: ProducerIdentity, partitions: Partitions): Promise<void> {
    const topics = [...partitions].map(([name, leaders]) => ({ name, partitions: leaders.map((_, index) => index) }));
    if (topics.length === 0) return;
    const transaction = { transactionalId: this.#transactionalId, producerId: identity.id, producerEpoch: identity.epoch, verifyOnly: false, topics };
    await this.#atCoordinator('fencing older producers', (connection) => addPartitionsToTxnV3.api.async(connection, [transaction]));
    await this.#atCoordinator('fencing older producers', (connection) =>
      endTxnV3.api.async(connection, this.#transactionalId, identity.id, identity.epoch, false),
    );
    await this.#atCoordinator('fencing older producers', (connection) => this.#aborted(connection));
  }

  /** The coordinator answers before the partitions have the markers: only this state says that all have. */
  async #aborted(connection: Connection): Promise<void> {
    const { transactionStates } = await describeTransactionsV0.api.async(connection, [this.#transactionalId]);
    const state = transactionStates[0]?.transactionState;
    if (state !== 'CompleteAbort' && state !== 'Empty') throw new Failure('dependency-unavailable', `the fencing transaction is ${state ?? 'unknown'}`);
  }

  async #atCoordinator<T>(doing: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    const attempt = async (): Promise<T> => {
      const node = await this.#cluster.coordinator(COORDINATOR.transaction, this.#transactionalId);
      return work(await this.#cluster.connection(node, this.#lane));
    };
    const retryable = (error: unknown): boolean => COORDINATOR_MOVED.some((code) => hasCode(error, code)) || isTransient(error);
    try {
      return await retrying(attempt, { initialMs: 5, maxMs: 200, retryable, signal: AbortSignal.timeout(GIVE_UP_MS) });
    } catch (error) {
      if (gaveUp(error)) throw new Failure('dependency-unavailable', `${doing}: Kafka did not answer in ${GIVE_UP_MS / 1000} s`, { cause: error });
      throw kafkaFailure(doing, error);
    }
  }
}
