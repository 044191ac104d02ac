import { VRouterError } from '../base/index.ts';

/** The lab can't do what was asked. `code` is one of the words below; the message says what to do. */
export class LabError extends VRouterError {
  constructor(
    code:
      | 'NOT_ROOT'
      | 'NO_COMMAND'
      | 'COMMAND_FAILED'
      | 'BAD_NAME'
      | 'BAD_TOPOLOGY'
      | 'RUNNING'
      | 'NO_LAB'
      | 'NO_NODE'
      | 'DAEMON_ENDED'
      | 'TIMEOUT'
      | 'STOPPED'
      | 'NOT_YET',
    message: string,
  ) {
    super(code, message);
  }
}
