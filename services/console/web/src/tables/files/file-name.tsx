import type { FileValue } from '#contracts/http/files';
import { IconPaperclip } from '@tabler/icons-react';
import { bytesInWords } from '../transfer/in-bytes.ts';

/** A file's name, whatever it is made of, and its size. */
export function FileName({ file: { name, size } }: { file: FileValue }) {
  return (
    <span className="file-name">
      <IconPaperclip size={14} stroke={1.6} aria-hidden />
      <bdi className="cut">{name}</bdi>
      <span className="dimmed tabular">{bytesInWords(size)}</span>
    </span>
  );
}
