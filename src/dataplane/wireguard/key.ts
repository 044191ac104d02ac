import { generateKeyPairSync } from 'node:crypto';

/** A fresh private key (X25519) as base64. It goes into the device and is kept nowhere else. */
export function newPrivateKey(): string {
  const { d = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return Buffer.from(d, 'base64url').toString('base64');
}
