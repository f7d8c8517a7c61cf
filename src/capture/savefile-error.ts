// What can be wrong with a capture file, as an error whose message names the file.

/** For a caller to choose an exit status. */
export type SavefileErrorCode =
  | 'missing'
  | 'permission'
  | 'directory'
  | 'unreadable'
  | 'empty'
  | 'truncated'
  /** Something else behind gzip data that are whole. */
  | 'trailing'
  | 'corrupt'
  | 'format'
  | 'link-type';

/** An error of a capture file; the message is fit to be shown as it is. */
export class SavefileError extends Error {
  readonly code: SavefileErrorCode;

  constructor(code: SavefileErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SavefileError';
    this.code = code;
  }
}

/** Whether nothing that can be read was lost: worth a warning, while everything counts as usual. */
export function isWarning({ code }: SavefileError): boolean {
  return code === 'empty' || code === 'truncated' || code === 'trailing';
}

const SYSTEM_ERRORS: Readonly<Record<string, readonly [SavefileErrorCode, string]>> = {
  ENOENT: ['missing', 'no such file'],
  ENOTDIR: ['missing', 'no such file'],
  EACCES: ['permission', 'permission denied'],
  EPERM: ['permission', 'permission denied'],
  EISDIR: ['directory', 'is a directory'],
};

/** The error of a failed system call on a capture file; `verb` is what was tried, as in `open`. */
export function systemError(verb: string, name: string, cause: unknown): SavefileError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const [savefileCode, reason] = SYSTEM_ERRORS[code] ?? ['unreadable', message];
  return new SavefileError(savefileCode, `Cannot ${verb} capture ${name}: ${reason}`, { cause });
}
