/**
 * JSON schemas as Kubernetes wants them: "structural", every value of one type, or marked as an integer or text, and what
 * isn't named kept.
 */
export type Schema = Readonly<Record<string, unknown>>;

export function structural(schema: Schema): Schema {
  const alternatives = schema['anyOf'] as readonly Schema[] | undefined;
  if (alternatives !== undefined) return structuralUnion(alternatives);
  switch (schema['type']) {
    case 'object':
      return structuralObject(schema);
    case 'array':
      return {
        ...kept(schema, ['type', 'minItems', 'maxItems', 'nullable']),
        items: structural(schema['items'] as Schema),
      };
    case 'integer':
      return { ...kept(schema, ['type', 'format', 'nullable', 'enum']), ...bounds(schema) };
    case undefined:
      return { 'x-kubernetes-preserve-unknown-fields': true };
    default:
      return kept(schema, ['type', 'format', 'enum', 'pattern', 'minLength', 'maxLength', 'nullable']);
  }
}

function structuralUnion(alternatives: readonly Schema[]): Schema {
  const types = new Set(alternatives.map((schema) => schema['type']));
  if (types.has('string') && (types.has('integer') || types.has('number')))
    return { 'x-kubernetes-int-or-string': true };
  const values = alternatives.flatMap((schema) => (schema['enum'] as readonly unknown[] | undefined) ?? []);
  if (types.size === 1 && values.length === alternatives.length) {
    return { type: types.has('number') ? 'integer' : [...types][0], enum: values };
  }
  const [first] = alternatives;
  return types.size === 1 ? kept(first, ['type']) : { 'x-kubernetes-preserve-unknown-fields': true };
}

function structuralObject(schema: Schema): Schema {
  const properties = schema['properties'] as Readonly<Record<string, Schema>> | undefined;
  const others = schema['additionalProperties'];
  if (properties === undefined || Object.keys(properties).length === 0) {
    const isMap = typeof others === 'object' && others !== null && Object.keys(others).length > 0;
    if (isMap) return { type: 'object', additionalProperties: structural(others as Schema) };
    return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  }
  const members = Object.entries(properties).map(([name, member]) => [name, structural(member)]);
  return {
    type: 'object',
    ...kept(schema, ['required']),
    properties: Object.fromEntries(members),
    'x-kubernetes-preserve-unknown-fields': true,
  };
}

/** The bounds of what a number holds exactly are not the field's own. */
function bounds({ minimum, maximum }: Schema): Schema {
  return {
    ...(Number(minimum) > Number.MIN_SAFE_INTEGER && { minimum }),
    ...(Number(maximum) < Number.MAX_SAFE_INTEGER && { maximum }),
  };
}

function kept(schema: Schema, names: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => names.includes(name)));
}

/** The schema with `change` made at a place in it: `controllers.node`, `exportV4[]`. */
export function changedAt(schema: Schema, place: string, change: (found: Schema) => Schema): Schema {
  if (place === '') return change(schema);
  const [, name, items, rest] = /^([^.[]+)(\[\])?\.?(.*)$/.exec(place)!;
  const properties = schema['properties'] as Readonly<Record<string, Schema>>;
  const member = properties?.[name];
  if (member === undefined) throw new Error(`no field ${name} on the way to ${place}`);
  const next = items
    ? { ...member, items: changedAt(member['items'] as Schema, rest, change) }
    : changedAt(member, rest, change);
  return { ...schema, properties: { ...properties, [name]: next } };
}
