import { expect, test } from 'vitest';
import { listenWarning, settingsWarnings } from './settings-warnings.ts';

test('a misspelt setting is named', () => {
  expect(settingsWarnings({ EXECUTOR_POL_INTERVAL: '500', EXECUTOR_POLL_INTERVAL: '500' })).toEqual([
    'EXECUTOR_POL_INTERVAL is not a setting of this program and has no effect; the README lists all settings',
  ]);
});

test('a blank setting is told to count as unset', () => {
  expect(settingsWarnings({ API_TOKEN: ' ' })).toEqual(['API_TOKEN is set but empty: it counts as unset']);
});

test('nothing is said of the variables of others and of those that Kubernetes sets for a Service', () => {
  const theirs = {
    PATH: '/bin',
    API_SERVICE_HOST: '10.0.0.1',
    API_PORT_8080_TCP_ADDR: '10.0.0.1',
    X: undefined,
  };
  expect(settingsWarnings(theirs)).toEqual([]);
});

test('an API that other machines reach is warned of, and the harm where jobs are processes', () => {
  expect(listenWarning('127.0.0.1', 'process')).toBeNull();
  expect(listenWarning('::1', 'process')).toBeNull();
  expect(listenWarning('0.0.0.0', 'kubernetes')).toMatch(/API_LISTEN=0\.0\.0\.0 .* plain HTTP/);
  expect(listenWarning('0.0.0.0', 'process')).toMatch(/runs commands as this user/);
});
