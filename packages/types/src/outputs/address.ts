/** Where a collector finds the token of its pod; mounted in no other container. */
export const collectorTokenFile = '/var/run/secrets/job-orchestrator/token';

/**
 * The path below the collector's address to which one attempt's output is PUT. By number: after a restore of the database
 * an attempt that runs has another id, and the same number.
 */
export const outputPath = (jobId: string, attemptNumber: number): string =>
  `/jobs/${jobId}/attempts/${attemptNumber}/output`;

/** For whom the token of an attempt's collector is made: it opens that attempt's output and nothing else. */
export const outputAudience = (installation: string, jobId: string, attemptNumber: number): string =>
  `job-orchestrator/${installation}/${jobId}/${attemptNumber}`;

/** The header that carries an output's sha-256 (RFC 9530), from and to hex. */
export const digestHeader = 'repr-digest';
export const writeDigestHeader = (hex: string): string =>
  `sha-256=:${Buffer.from(hex, 'hex').toString('base64')}:`;

/** The sha-256 of a `Repr-Digest` header as hex; null when it has none. */
export const readDigestHeader = (header: string): string | null => {
  const base64 = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header)?.[1];
  return base64 === undefined ? null : Buffer.from(base64, 'base64').toString('hex');
};
