import t from 'tap';
import { endingLog, type Log, silentLog } from '../../src/base/index.ts';

t.test('what fails after the end is told at level debug, by children too', (t) => {
  const lines: string[] = [];
  const told = (level: string) => (_: object, text: string) => void lines.push(`${level} ${text}`);
  const log: Log = { ...silentLog, debug: told('debug'), info: told('info'), warn: told('warn'), error: told('error') };
  let ended = false;
  const own = endingLog({ ...log, child: () => log }, () => ended);
  const say = (): void => {
    for (const one of [own, own.child({})]) {
      one.warn({}, 'a');
      one.error({}, 'b');
    }
    own.info({}, 'c');
  };
  say();
  t.same(lines.splice(0), ['warn a', 'error b', 'warn a', 'error b', 'info c']);
  ended = true;
  say();
  t.same(lines, ['debug a', 'debug b', 'debug a', 'debug b', 'info c']);
  t.end();
});
