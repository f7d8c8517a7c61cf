// What is wrong with a command line or a configuration file, in one line.

/** The message is shown after the program's name; exit status 64 (EX_USAGE), or 78 (EX_CONFIG) for a file. */
export class UsageError extends Error {
  /** Whether it stands in a configuration file. */
  readonly isConfig: boolean;

  constructor(message: string, isConfig = false) {
    super(message);
    this.name = 'UsageError';
    this.isConfig = isConfig;
  }
}
