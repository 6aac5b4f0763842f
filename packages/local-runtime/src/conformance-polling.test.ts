import { conform } from './testing/conform.ts';

conform('the process runtime without file watches', { watch: false, pollIntervalMs: 50 });
