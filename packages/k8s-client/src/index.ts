export { loadCredentials, type CredentialOptions } from './credentials/load-credentials.ts';
export type { Credentials } from './credentials/credentials.ts';
export { renderJob, refuseLaunch } from './manifest.ts';
