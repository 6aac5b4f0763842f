import { expect, test } from 'vitest';
import { misspelt } from './misspelt.ts';

test('a variable that looks like one of ours and is none is named, with what was meant', () => {
  const environment = { EXECUTOR_POLL_INTERVALL: '5', LOG_LEVLE: 'debug', LOG_LEVEL: 'info' };
  expect(misspelt(environment)).toEqual([
    { name: 'EXECUTOR_POLL_INTERVALL', meant: 'EXECUTOR_POLL_INTERVAL' },
    { name: 'LOG_LEVLE', meant: 'LOG_LEVEL' },
  ]);
});

test('what others set is left alone, and so is what Kubernetes sets for a Service of our name', () => {
  const names = [
    'PATH',
    'HOME',
    'LC_ALL',
    'KUBECONFIG',
    'JOB_ORCHESTRATOR_TOKEN',
    'API_SERVICE_HOST',
    'API_PORT',
  ];
  expect(misspelt(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
});
