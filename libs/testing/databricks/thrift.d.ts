/** The parts of `thrift` (which ships no types) that a server needs: a binary message in, a binary message out. */
declare module 'thrift' {
  export interface TTransport {
    readonly inBuf: Buffer;
  }
  export interface TProtocol {
    readonly trans: TTransport;
  }
  export class TBufferedTransport implements TTransport {
    constructor(buffer: Buffer | undefined, onFlush?: (message: Buffer) => void);
    readonly inBuf: Buffer;
    static receiver(callback: (transport: TBufferedTransport) => void, sequence?: number): (data: Buffer) => void;
  }
  export class TBinaryProtocol implements TProtocol {
    constructor(transport: TTransport);
    readonly trans: TTransport;
  }
}
