import { expect, test } from 'vitest';
import { listenWarning, settingsWarnings } from './settings-warnings.ts';

test('a misspelt setting is named', () => {
  const given = {
    EXECUTOR_POL_INTERVAL: '500',
    EXECUTOR_POLL_INTERVAL: '500',
    LOG_LEVLE: 'debug',
    EXECUTOR_X: '',
  };
  expect(settingsWarnings(given)).toEqual([
    'EXECUTOR_POL_INTERVAL is no setting of this program and has no effect; did you mean EXECUTOR_POLL_INTERVAL?',
    'LOG_LEVLE is no setting of this program and has no effect; did you mean LOG_LEVEL?',
    'EXECUTOR_X is no setting of this program and has no effect; the README lists all settings',
  ]);
});

test('a blank setting is told to count as unset', () => {
  expect(settingsWarnings({ API_TOKEN: ' ' })).toEqual(['API_TOKEN is set but empty: it counts as unset']);
});

test('nothing is said of the variables of others and of those that Kubernetes sets for a Service', () => {
  const theirs = {
    PATH: '/bin',
    LC_ALL: 'C',
    API_KEY: 'x',
    XDG_DATA_HOME: '/x',
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
