/** A rule in Kubernetes' expression language (CEL) that an API server holds objects to. */
export interface CelRule {
  /** The place of `self`: the spec, or a place in it such as `exportV4[]`, each item of that array. */
  readonly at?: string;
  readonly rule: string;
  readonly message: string;
}

/**
 * Whether a field is there and says something. Words of the language are fields with underscores around them:
 * `__namespace__`.
 */
export const set = (field: string): string => `(has(self.${field}) && size(self.${field}) > 0)`;
