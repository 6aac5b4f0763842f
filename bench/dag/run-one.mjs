// One measured run in a process of its own: node run-one.mjs SYSTEM WORK URL SIZE SECONDS → JSON on stdout.
const [systemName, work, url, size, seconds] = process.argv.slice(2);
const { measure, childLatency } = await import(`./systems/${systemName}.mjs`);

const run = () =>
  work.startsWith('latency')
    ? childLatency(url, Number(size), work === 'latency-apart')
    : measure(url, work, Number(size), Number(seconds));

process.stdout.write(JSON.stringify(await run()));
process.exit(0);
