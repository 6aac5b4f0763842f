import { writeFile } from 'node:fs/promises';
import { openApiDocument } from './openapi/document.ts';
import { routes } from './routes/all.ts';

// `docs/openapi.json` is committed, and `npm run check:generated` compares it with what this writes.
const target = process.argv[2] ?? new URL('../../../docs/openapi.json', import.meta.url);
await writeFile(target, `${JSON.stringify(await openApiDocument(routes), null, 2)}\n`);
