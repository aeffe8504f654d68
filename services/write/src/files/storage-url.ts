/** `s3://bucket/prefix` */
const BUCKET = /^s3:\/\/([^/]+)\/?(.*?)\/*$/;

/** Whether a URL names a storage of files: `file:///directory` or `s3://bucket/prefix`. */
export function isStorageUrl(text: string): boolean {
  return bucketOf(text) !== undefined || (/^file:\/\/\/./.test(text) && URL.canParse(text));
}

/** Undefined for a directory. */
export function bucketOf(text: string): { bucket: string; prefix: string } | undefined {
  const [, bucket, prefix = ''] = BUCKET.exec(text) ?? [];
  return bucket === undefined ? undefined : { bucket, prefix };
}
