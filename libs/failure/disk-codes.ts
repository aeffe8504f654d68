/** Node's codes for a disk, a quota or a limit of the process that is full. */
export const DISK_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** And for a place that may not be read or written. */
export const DISK_FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);
