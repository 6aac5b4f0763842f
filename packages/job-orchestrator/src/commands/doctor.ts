import { checkConfiguration, checkDataFolder } from '../doctor/check-machine.ts';
import { checkDatabase, checkKubernetes, checkServer } from '../doctor/check-services.ts';
import { ok, type Finding } from '../doctor/finding.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { writeValue } from '../output/format.ts';
import { safeLine } from '../output/sanitize.ts';
import type { Screen } from '../output/screen.ts';
import { labelled } from '../output/wrap.ts';
import { dataDirOf, type Cli, type FormatFlags, type ServerFlags } from './cli.ts';

const check = async (cli: Cli, flags: ServerFlags): Promise<readonly Finding[]> => {
  const { config, findings } = checkConfiguration(cli.environment);
  return [
    ok('node', process.versions.node),
    ...findings,
    ...(await checkDataFolder(dataDirOf(flags, cli.environment))),
    ...(await checkServer(cli, flags)),
    ...(config === null ? [] : await checkDatabase(config)),
    ...(config === null ? [] : await checkKubernetes(config, cli.environment)),
  ];
};

const painted = ({ outColours }: Screen, result: Finding['result']): string => {
  const text = result.padEnd(9);
  if (result === 'ok') return outColours.green(text);
  if (result === 'fault') return outColours.red(text);
  return result === 'warning' ? outColours.yellow(text) : outColours.dim(text);
};

const findingText = (screen: Screen, { check: what, result, detail, mend }: Finding): string => {
  const space = Math.min(screen.outStyle.columns, 120) - 9;
  const lines = [
    ...labelled(what, safeLine(detail), 19, space),
    ...(mend === null ? [] : labelled('', safeLine(`→ ${mend}`), 19, space)),
  ];
  return lines
    .map((line, index) => `${index === 0 ? painted(screen, result) : ' '.repeat(9)}${line}\n`)
    .join('');
};

/** `doctor`: looks at everything that a start needs; each fault with its mend. Exit code 1 where there is a fault. */
export const doctor = async (cli: Cli, flags: ServerFlags & FormatFlags): Promise<number> => {
  const findings = await check(cli, flags);
  const { format } = flags;
  if (format === 'json' || format === 'yaml') await writeValue(cli.screen, format, findings);
  else for (const finding of findings) cli.screen.out(findingText(cli.screen, finding));
  return findings.some(({ result }) => result === 'fault') ? exitCodes.error : exitCodes.ok;
};
