/** A selector as a tree. Groups of one are not kept, nor are double negations. */
export type Selector =
  | { readonly kind: 'all' | 'global' }
  | { readonly kind: 'has'; readonly label: string }
  | { readonly kind: ComparisonOperator; readonly label: string; readonly value: string }
  | { readonly kind: Membership; readonly label: string; readonly values: ReadonlySet<string> }
  | { readonly kind: 'not'; readonly operand: Selector }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Selector[] };

export type ComparisonOperator = '==' | '!=' | 'contains' | 'starts with' | 'ends with';
export type Membership = 'in' | 'not in';
