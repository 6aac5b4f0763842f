import { isOrchestratorError, limits } from '@job-orchestrator/types';
import { describe, expect, it } from 'vitest';
import { guard, hostName, loopbackHosts, trustOf, type Headers, type Trust } from './guards.ts';

const local = new Set([...loopbackHosts, 'jobs.example']);
const trust = trustOf('secret', local);
const token = { authorization: 'Bearer secret' };

const codeOf = (headers: Headers, access: 'public' | 'token' = 'token', by: Trust = trust): string => {
  try {
    guard(by, { host: '127.0.0.1:8080', ...headers }, access);
    return 'passed';
  } catch (error) {
    if (isOrchestratorError(error)) return error.code;
    throw error;
  }
};

describe('guard', () => {
  it.each([
    ['127.0.0.1:8080', 'passed'],
    ['localhost', 'passed'],
    ['LOCALHOST.:1', 'passed'],
    ['[::1]:8080', 'passed'],
    ['jobs.example:80', 'passed'],
    ['rebound.example', 'forbidden_origin'],
    ['127.0.0.1.rebound.example', 'forbidden_origin'],
    ['localhost@rebound.example', 'forbidden_origin'],
    ['127.0.0.1:8080:80', 'forbidden_origin'],
    ['127.0.0.2', 'forbidden_origin'],
    ['', 'forbidden_origin'],
  ])('answers the Host %j with %s', (host, code) => {
    expect(codeOf({ ...token, host })).toBe(code);
    expect(codeOf({ host }, 'public')).toBe(code);
  });

  it('takes any well-formed Host where the server listens on all addresses', () => {
    const open = trustOf('secret', null);
    expect(codeOf({ ...token, host: '10.1.2.3:8080' }, 'token', open)).toBe('passed');
    expect(codeOf({ ...token, host: 'a b' }, 'token', open)).toBe('forbidden_origin');
    expect(codeOf({ host: '10.1.2.3:8080' }, 'token', open)).toBe('unauthorized');
  });

  it.each([
    ['http://127.0.0.1:8080', 'passed'],
    ['https://127.0.0.1:8080', 'passed'],
    ['http://127.0.0.1:8081', 'forbidden_origin'],
    ['http://evil.example', 'forbidden_origin'],
    ['http://127.0.0.1:8080.evil.example', 'forbidden_origin'],
    ['null', 'forbidden_origin'],
    ['', 'forbidden_origin'],
  ])('answers the Origin %j with %s', (origin, code) => {
    expect(codeOf({ ...token, origin })).toBe(code);
  });

  it.each([
    ['same-origin', 'passed'],
    ['none', 'passed'],
    ['same-site', 'forbidden_origin'],
    ['cross-site', 'forbidden_origin'],
    ['', 'forbidden_origin'],
  ])('answers the Sec-Fetch-Site %j with %s', (site, code) => {
    expect(codeOf({ ...token, 'sec-fetch-site': site })).toBe(code);
  });

  it.each([
    ['Bearer secret', 'passed'],
    ['bearer   secret', 'passed'],
    [undefined, 'unauthorized'],
    ['Bearer', 'unauthorized'],
    ['Bearer ', 'unauthorized'],
    ['Bearer nothing', 'unauthorized'],
    ['Bearer secret secret', 'unauthorized'],
    ['Bearer secre', 'unauthorized'],
    ['Bearer secrets', 'unauthorized'],
    ['Basic secret', 'unauthorized'],
    ['secret', 'unauthorized'],
  ])('answers the Authorization %j with %s', (authorization, code) => {
    expect(codeOf({ authorization })).toBe(code);
    expect(codeOf({ authorization }, 'public')).toBe('passed');
  });

  it('asks for no token where there is none', () => {
    expect(codeOf({}, 'token', trustOf(null, local))).toBe('passed');
  });

  it('refuses a body that says it is too large before anything else', () => {
    expect(codeOf({ 'content-length': String(limits.bodyBytes + 1), host: 'evil.example' })).toBe(
      'body_too_large',
    );
    expect(codeOf({ 'content-length': String(limits.bodyBytes), ...token })).toBe('passed');
  });
});

describe('hostName', () => {
  it.each([
    ['[fe80::1]', '[fe80::1]'],
    ['a.example.:8080', 'a.example'],
    ['a.example:808080', null],
    ['a.example:', null],
    ['[::1', null],
    ['a/b', null],
  ])('reads %j as %j', (header, name) => {
    expect(hostName(header)).toBe(name);
  });
});
