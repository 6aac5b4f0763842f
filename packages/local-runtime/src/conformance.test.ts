import { conform } from './testing/conform.ts';

conform('the process runtime', {});
