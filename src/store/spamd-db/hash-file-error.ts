// The error of a Berkeley DB hash file: what is wrong with it, and on which page.

/**
 * `corrupt` contradicts itself; `not-ours` is another kind of file; `unsupported` is one that we read at most;
 * `full` has no place left for what was to be added.
 */
export type HashFileErrorCode = 'corrupt' | 'not-ours' | 'unsupported' | 'full';

/** Thrown by everything in the hash file's modules; nothing has been written to the file when it is. */
export class HashFileError extends Error {
  readonly code: HashFileErrorCode;
  /** The page that is wrong, counted from the start of the file; 0 is the header. */
  readonly page: number | undefined;

  constructor(code: HashFileErrorCode, problem: string, page?: number) {
    super(page === undefined ? problem : `page ${page}: ${problem}`);
    this.name = 'HashFileError';
    this.code = code;
    this.page = page;
  }
}
