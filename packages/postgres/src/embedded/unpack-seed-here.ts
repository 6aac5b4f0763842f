import { unpackSeed } from './unpack-seed.ts';

// A process of its own: `node unpack-seed-here.js ARCHIVE FOLDER`.
const [archive = '', folder = ''] = process.argv.slice(2);
unpackSeed(archive, folder);
