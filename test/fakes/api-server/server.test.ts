import { type Clock, systemClock } from '../../../src/base/index.ts';
import { apiServerContract } from '../../contracts/api-server.ts';
import { ApiServer } from './index.ts';

apiServerContract('the tests’ own API server', async () => {
  // Watches end at once, after what they have to tell.
  const clock: Clock = { ...systemClock, after: (_delay, action) => systemClock.soon(action) };
  const server = await ApiServer.start({ clock });
  server.objects.create({ resource: 'namespaces', namespace: undefined }, { metadata: { name: 'x' } });
  return {
    async ask(method, path, body, contentType = 'application/json') {
      const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': contentType } };
      const response = await fetch(`${server.url}${path}`, { method, ...init });
      return { status: response.status, text: await response.text() };
    },
    remove: () => server.stop(),
  };
});
