import * as os from 'qjs:os';

/** The parts of the language and of Node that this QuickJS lacks, as far as the plugin uses them. */
const missing: Readonly<Record<string, unknown>> = {
  setTimeout: os.setTimeout,
  clearTimeout: os.clearTimeout,
  performance: { now: () => Date.now() },
};
for (const [name, value] of Object.entries(missing)) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}
Object.hasOwn ??= (object: object, key: PropertyKey): boolean =>
  Reflect.getOwnPropertyDescriptor(object, key) !== undefined;
