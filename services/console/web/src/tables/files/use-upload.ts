import { useEffect, useRef, useState } from 'react';
import type { FileValue } from '#contracts/http/files';
import { inWords } from '../../api/in-words.ts';
import { uploadFile } from './upload-file.ts';

/** A file on its way. */
export interface Sending {
  file: File;
  /** Sent so far, 0 to 1. */
  share: number;
}

export interface Uploading {
  sending: Sending | undefined;
  /** Why the last one failed. */
  problem: string | undefined;
  start: (file: File) => void;
  stop: () => void;
}

/** Sends one file at a time, and gives up when its place goes away: what was sent is collected by the service. */
export function useUpload(done: (stored: FileValue) => void): Uploading {
  const [sending, setSending] = useState<Sending>();
  const [problem, setProblem] = useState<string>();
  const running = useRef<AbortController>(undefined);
  const stop = (): void => {
    running.current?.abort();
    setSending(undefined);
  };
  useEffect(() => () => running.current?.abort(), []);
  const start = (file: File): void => {
    running.current?.abort();
    const own = (running.current = new AbortController());
    setProblem(undefined);
    setSending({ file, share: 0 });
    const onSent = (share: number): void => (own.signal.aborted ? undefined : setSending({ file, share }));
    const send = async (): Promise<void> => {
      try {
        const stored = await uploadFile({ file, onSent, signal: own.signal });
        if (!own.signal.aborted) done(stored);
      } catch (error) {
        if (!own.signal.aborted) setProblem(inWords(error).detail);
      }
      if (running.current === own) setSending(undefined);
    };
    void send();
  };
  return { sending, problem, start, stop };
}
