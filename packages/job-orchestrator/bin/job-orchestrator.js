#!/usr/bin/env node
// Nothing newer than Node 12 may stand here before the check: an old Node must reach the message.
const needed = [20, 19];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(
    `Job Orchestrator needs Node ${needed.join('.')} or newer; this is Node ${process.versions.node}.`,
  );
  process.exit(1);
}

import('../dist/main.js')
  .then(({ main }) => main(process.argv.slice(2)))
  .then((code) => {
    process.exitCode = code;
  })
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
