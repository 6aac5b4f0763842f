import { writeFileSync } from 'node:fs';
import { DagDocumentSchema } from '@job-orchestrator/types';

/** The published JSON Schema of DAG files, for editors: `node write-dag-schema.js FILE`. */
// Ours alone: an editor would look for the schema under its $id.
const published = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  ...DagDocumentSchema,
  $id: undefined,
};
writeFileSync(process.argv[2]!, `${JSON.stringify(published, null, 2)}\n`);
