const acronyms = /^(cidr|ipip|ipv4|ipv6|ipam|ip|as|vxlan|nat|bgp|mac|ttl|icmp|http)(?=[A-Z]|s?$)/;

/** A path as Calico's messages print it, in the names of Go: `bgp.ipv4Address` is `BGP.IPv4Address`. */
export function fieldName(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${goName(String(step))}`;
  }
  return text;
}

function goName(name: string): string {
  const acronym = acronyms.exec(name)?.[1];
  if (acronym === undefined) return name.slice(0, 1).toUpperCase() + name.slice(1);
  return acronym.toUpperCase().replace(/^IPV/, 'IPv') + name.slice(acronym.length);
}
