// Removes what was built; not what was installed.
import { readdirSync, rmSync } from 'node:fs';

const folders = [...readdirSync('packages').map((name) => `packages/${name}`), 'e2e'];
for (const folder of folders) rmSync(`${folder}/dist`, { recursive: true, force: true });
