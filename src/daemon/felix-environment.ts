import { EFFECTS, effectOf } from '../calc/index.ts';
import { read } from '../model/index.ts';
import { SETTINGS } from './config.ts';

const PREFIX = 'FELIX_';
/** The values that count as unset. */
const NOTHING = /^\s*(|0|0s|false|none|disabled)\s*$/i;

/**
 * Felix has each of its settings from its environment too, before FelixConfiguration. Here most are
 * FelixConfiguration's alone: whoever switches on encryption in the environment is told that it has no effect, and
 * where it belongs. What would have no effect in FelixConfiguration either, and protects nothing, is passed over.
 */
export function felixEnvironmentProblems(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const fields = new Map(Object.keys(EFFECTS.FelixConfiguration).map((field) => [field.toLowerCase(), field]));
  const known: readonly string[] = SETTINGS;
  return Object.entries(env).flatMap(([name, value = '']) => {
    const field = name.startsWith(PREFIX) ? fields.get(name.slice(PREFIX.length).toLowerCase()) : undefined;
    if (field === undefined || known.includes(name)) return [];
    const effect = effectOf('FelixConfiguration', field);
    if (effect?.kind === 'acted on' && !NOTHING.test(value)) {
      return [`${name} in the environment has no effect: write ${field} into FelixConfiguration`];
    }
    if (effect?.kind !== 'unmet' || !effect.when(settledValue(field, value.trim()))) return [];
    return [`${name} in the environment has no effect: ${effect.why}`];
  });
}

/** The value as it would stand in FelixConfiguration, its words in their own case. */
function settledValue(field: string, text: string): unknown {
  const given = /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text;
  const spec = { [field]: given };
  const { resource } = read('FelixConfiguration', { kind: 'FelixConfiguration', metadata: { name: 'env' }, spec });
  return Reflect.get(resource?.spec ?? {}, field);
}
