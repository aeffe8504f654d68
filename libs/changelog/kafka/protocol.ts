/**
 * The part of @platformatic/kafka that we use: its protocol and its connection. Everything else here imports it from this file, which `npm run build` makes one without the rest
 * (scripts/bundle-kafka-protocol.mjs): the library as a whole is 500 files and 30 JSON schemas that it compiles as it loads, 0.3 s of CPU and 40 MB of every start.
 */
export {
  addPartitionsToTxnV3,
  compressionsAlgorithms,
  Connection,
  crc32c,
  describeTransactionsV0,
  endTxnV3,
  fetchV12,
  findCoordinatorV4,
  findErrorBy,
  GenericError,
  initProducerIdV4,
  IS_CONTROL,
  listOffsetsV6,
  metadataV12,
  offsetCommitV8,
  offsetFetchV8,
  produceV9,
  type RecordsBatch,
  ResponseError,
  Writer,
} from '@platformatic/kafka';
