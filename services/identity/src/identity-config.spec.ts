import { describe, expect, it } from '@jest/globals';
import { Access } from './access.ts';
import { identitySettings } from './identity-config.ts';

describe('settings of the built-in identity provider', () => {
  it("refuses to run beside an issuer of the user's own", () => {
    expect(() => identitySettings({ OIDC_ISSUER: 'https://login.example' })).toThrow('OIDC_ISSUER');
  });

  it('refuses a public URL with a path', () => {
    expect(() => identitySettings({ IDENTITY_PUBLIC_URL: 'http://localhost:8080/app' })).toThrow('IDENTITY_PUBLIC_URL');
    expect(identitySettings({ IDENTITY_PUBLIC_URL: 'http://localhost:8080/' }).config.publicUrl).toBe('http://localhost:8080');
  });
});

describe('access to the built-in identity provider', () => {
  const headers = { host: 'localhost:8080' };

  it('is for this machine, and for peers that are named', () => {
    const access = new Access('http://localhost:8080', ['172.18.0.7']);
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1', '172.18.0.7'].map((peer) => access.refusal(peer, headers, 'GET'))).toEqual(Array(4).fill(undefined));
    expect(['10.0.0.1', '::ffff:10.0.0.1', undefined].map((peer) => access.refusal(peer, headers, 'GET'))).toEqual(
      Array(3).fill(expect.stringContaining('this machine')),
    );
  });
});
