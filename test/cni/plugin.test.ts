import t from 'tap';
import { runCni } from '../../src/cni/index.ts';
import { cniPlugin } from '../contracts/cni-plugin.ts';

cniPlugin(t, async (env, stdin) => {
  let text = '';
  const code = await runCni({
    env,
    stdin,
    stdout: (more) => {
      text += more;
    },
  });
  return { code, printed: text === '' ? undefined : JSON.parse(text) };
});
