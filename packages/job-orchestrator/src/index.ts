export { parseConfig, type Environment } from './config/parse-config.ts';
export type { Config, Surroundings } from './config/config.ts';
export { main } from './main.ts';
