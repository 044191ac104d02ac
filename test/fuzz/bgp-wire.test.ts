import fc from 'fast-check';
import t from 'tap';
import { decodeCapability, Framer, frame, MESSAGE } from '../../src/bgp/wire/index.ts';
import { CORPUS, execute, SESSIONS } from './bgp-corpus.ts';

const settled = fc.constantFrom(...SESSIONS);

t.test('the corpus itself keeps every promise, in any session', async (t) => {
  for (const [at, message] of CORPUS.entries()) {
    for (const session of SESSIONS) t.doesNotThrow(() => execute(new Framer(), message, session), `message ${at}`);
  }
});

t.test('every message of the corpus cut at every octet, with its length put right', async (t) => {
  for (const [at, message] of CORPUS.entries()) {
    for (let length = 19; length < message.length; length++) {
      const bytes = message.slice(0, length);
      bytes[16] = length >>> 8;
      bytes[17] = length;
      for (const session of SESSIONS) execute(new Framer(), bytes, session);
    }
    t.pass(`message ${at}`);
  }
});

t.test('any octets as a stream', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), settled, (bytes, session) => execute(new Framer(), bytes, session)),
    { seed: 1, numRuns: 2000 },
  );
});

t.test('any octets as the body of each type', async () => {
  const types = Object.values(MESSAGE);
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 300 }), settled, (type, body, session) =>
      execute(new Framer(), frame(type, body), session),
    ),
    { seed: 2, numRuns: 4000 },
  );
});

t.test('any octets as any attribute', async () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 40 }), fc.uint8Array({ maxLength: 40 })),
        {
          maxLength: 6,
        },
      ),
      fc.uint8Array({ maxLength: 12 }),
      settled,
      (attributes, nlri, session) => {
        const block = attributes.flatMap(([flags, type, value]) => [flags & 0xef, type, value.length, ...value]);
        execute(
          new Framer(),
          frame(MESSAGE.UPDATE, Uint8Array.from([0, 0, block.length >> 8, block.length & 255, ...block, ...nlri])),
          session,
        );
      },
    ),
    { seed: 3, numRuns: 4000 },
  );
});

t.test('good messages with octets changed', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...CORPUS),
      fc.array(fc.tuple(fc.nat(4095), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 5 }),
      settled,
      (message, changes, session) => {
        const bytes = message.slice();
        for (const [at, octet] of changes) bytes[19 + (at % Math.max(1, bytes.length - 19))] = octet;
        execute(new Framer(), bytes, session);
      },
    ),
    { seed: 4, numRuns: 4000 },
  );
});

t.test('any octets as any capability', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 255 }), (code, value) => {
      decodeCapability(code, value);
    }),
    { seed: 5, numRuns: 3000 },
  );
});
