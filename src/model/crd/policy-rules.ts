import { type CelRule, set } from './cel-rule.ts';

/** Whether `protocol` or `notProtocol` is one of these: names as they are written, or numbers. */
const isOneOf = (field: string, ...protocols: readonly (string | number)[]): string =>
  `(${protocols.map((one) => `self.${field} == ${typeof one === 'number' ? one : `'${one}'`}`).join(' || ')})`;

const ICMP = { 4: ['ICMP', 1, '1'], 6: ['ICMPv6', 58, '58'] } as const;

/** Of a line of a policy. */
const line: readonly CelRule[] = [
  {
    rule: `!has(self.http) || !has(self.protocol) || ${isOneOf('protocol', 'TCP', 6, '6')}`,
    message: 'rules with HTTP match must have protocol TCP or unset',
  },
  { rule: "!has(self.http) || self.action == 'Allow'", message: 'HTTP match is only valid on Allow rules' },
  {
    rule: `!has(self.icmp) || (has(self.protocol) && ${isOneOf('protocol', ...ICMP[4], ...ICMP[6])})`,
    message: 'ICMP fields require protocol to be ICMP or ICMPv6',
  },
  ...([4, 6] as const).map((family) => ({
    rule:
      `!has(self.ipVersion) || self.ipVersion == ${family} || ` +
      `!(${['protocol', 'notProtocol'].map((field) => `(has(self.${field}) && ${isOneOf(field, ...ICMP[family])})`).join(' || ')})`,
    message: `protocol ${ICMP[family][0]} requires ipVersion ${family}`,
  })),
  {
    rule: `!has(self.destination) || !has(self.destination.services) || !(${set('destination.ports')} || ${set('destination.notPorts')})`,
    message: 'ports and notPorts cannot be specified with services',
  },
  ...['source', 'destination'].map((end) => ({
    rule:
      `!has(self.protocol) || !has(self.${end}) || !(${set(`${end}.ports`)} || ${set(`${end}.notPorts`)}) || ` +
      isOneOf('protocol', 'TCP', 'UDP', 'SCTP', 6, 17, 132, '6', '17', '132'),
    message: `${end} ports need protocol TCP, UDP or SCTP`,
  })),
];

/** Of one end of the traffic. */
const end: readonly CelRule[] = [
  ...(
    [
      ['NamespaceSelector', set('namespaceSelector')],
      ['Selector/NotSelector', `(${set('selector')} || ${set('notSelector')})`],
      ['ServiceAccounts', 'has(self.serviceAccounts)'],
      ['Nets/NotNets', `(${set('nets')} || ${set('notNets')})`],
    ] as const
  ).map(([what, isThere]) => ({
    rule: `!has(self.services) || !${isThere}`,
    message: `cannot specify ${what} and Services on the same rule`,
  })),
  {
    rule: `!has(self.namespaceSelector) || !self.namespaceSelector.contains('global()') || self.namespaceSelector == 'global()'`,
    message: 'global() cannot be combined with other selectors',
  },
  {
    rule:
      `!((has(self.selector) && self.selector.contains('global()')) || ` +
      `(has(self.notSelector) && self.notSelector.contains('global()')))`,
    message: 'global() can only be used in an EntityRule namespaceSelector',
  },
];

/** The rules that depend on the direction of a line. */
const directed: Readonly<Record<'ingress' | 'egress', readonly CelRule[]>> = {
  ingress: [
    {
      rule: '!has(self.destination) || !has(self.destination.services)',
      message: 'destination services are not allowed in ingress rules',
    },
  ],
  egress: [
    { rule: '!has(self.http)', message: 'HTTP match is not allowed in egress rules' },
    {
      rule: '!has(self.source) || !has(self.source.services)',
      message: 'source services are not allowed in egress rules',
    },
  ],
};

/** Of every line of a policy, and what is in it. A global policy has no namespace in which its services could be. */
export const linesOfPolicy = (isGlobal: boolean): readonly CelRule[] =>
  (['ingress', 'egress'] as const).flatMap((direction) => {
    const at = (place: string, rules: readonly CelRule[]): readonly CelRule[] =>
      rules.map((rule) => ({ ...rule, at: `${direction}[]${place}` }));
    return [
      ...at('', [...line, ...directed[direction]]),
      ...['source', 'destination'].flatMap((side) => [
        ...at(`.${side}`, end),
        ...at(`.${side}.services`, [
          { rule: set('name'), message: 'must specify a service name' },
          ...(isGlobal ? [{ rule: set('__namespace__'), message: 'must specify a namespace' }] : []),
        ]),
      ]),
      ...['icmp', 'notICMP'].flatMap((field) =>
        at(`.${field}`, [
          { rule: '!has(self.code) || has(self.type)', message: 'ICMP code specified without an ICMP type' },
        ]),
      ),
      ...at('.http.paths[]', [
        { rule: `${set('exact')} != ${set('prefix')}`, message: 'one of exact and prefix must be set, and only one' },
      ]),
    ];
  });
