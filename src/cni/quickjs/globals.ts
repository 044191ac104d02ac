import * as os from 'qjs:os';

/** What the language or Node has, and this QuickJS has not, as far as the plugin uses it. */
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
