export { loadCredentials, type CredentialOptions } from './credentials/load-credentials.ts';
export type { Credentials } from './credentials/credentials.ts';
export { renderJob, refuseLaunch } from './manifest.ts';
export { checkAccess, type AccessAnswer } from './check-access.ts';
