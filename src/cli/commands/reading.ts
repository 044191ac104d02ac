import { CommandError, FileError } from '../errors.ts';

/** Runs what reads files and says, of a file that can't be used, that the command could not be carried out. */
export async function readingFiles<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new CommandError(`failed to execute command: ${error.message}`, { cause: error });
  }
}
