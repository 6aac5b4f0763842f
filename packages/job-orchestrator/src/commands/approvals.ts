import { shortId } from '@job-orchestrator/types/ids';
import { userInfo } from 'node:os';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { writeList, writeValue } from '../output/format.ts';
import { safeLine } from '../output/sanitize.ts';
import { timeText } from '../output/times.ts';
import { approvalsView } from '../views/dag-views.ts';
import type { Cli, FormatFlags, ProjectFlags, ServerFlags } from './cli.ts';
import { noteNext } from './get.ts';
import { withServer } from './session.ts';

export type ApprovalsFlags = ServerFlags &
  FormatFlags &
  ProjectFlags & { readonly dag?: string; readonly limit?: number; readonly cursor?: string };
export type AnswerFlags = ServerFlags & FormatFlags & { readonly note?: string; readonly by?: string };

/** `get approvals`: what waits for an answer. */
export const getApprovals = (cli: Cli, flags: ApprovalsFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { project, dag, limit, cursor } = flags;
    const { items, next } = await client.listApprovals(given({ project, dag, limit, cursor }));
    await writeList(screen, flags.format, approvalsView(new Date()), items);
    noteNext(screen, next);
    return exitCodes.ok;
  });

/** `dag approve RUN NODE`, `dag reject RUN NODE`. */
export const answerNode = (
  cli: Cli,
  verb: 'approve' | 'reject',
  [selector, node]: readonly [string, string],
  flags: AnswerFlags,
): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { id: run } = await client.getDagRun(selector);
    const answer = { by: flags.by ?? userInfo().username, ...given({ note: flags.note }) };
    const call = verb === 'approve' ? client.approveNode : client.rejectNode;
    const { first, approval } = await call(run, node, answer);
    const { format } = flags;
    if (format === 'json' || format === 'yaml')
      await writeValue(screen, format, { run, node, first, approval });
    else if (format === 'name') screen.out(`approval/${run}/${node}\n`);
    else screen.out(`${shortId(run)} ${node} ${approval.state} by ${safeLine(approval.answeredBy ?? '')}\n`);
    if (!first) screen.note(`it was answered so before, at ${timeText(approval.answeredAt)}`);
    return exitCodes.ok;
  });
