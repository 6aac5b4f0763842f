export type { Environment } from './config/environment.ts';
export { parseConfig } from './config/parse-config.ts';
export type { Config, Surroundings } from './config/config.ts';
export { main } from './main.ts';
