/**
 * The shim: POSIX sh, so that it costs about a millisecond and a megabyte (a Node one: 56 ms and 41 MB). It is the
 * leader of its own session, creates `started` exclusively (noclobber is O_EXCL), runs the command in a process group
 * of its own, ends what is left of that group, and leaves the exit code by rename.
 *
 * - The command is argv, never text: nothing in it is expanded.
 * - It runs in the foreground, for a shell without job control starts background commands with SIGINT ignored.
 * - It is redirected in a subshell: dash would write its own `Killed` into the log otherwise.
 * - `trap :` keeps the shim alive when a shutdown signals every process, and is reset in the command.
 * - The exit code has its place on the disk before the command begins, and is written into it: a command that fills the
 *   disk would lose its own end otherwise, and be run again.
 * - Times are those of the files: `date` would cost a process each and show whole seconds.
 */
const shimScript = `
folder=$1 boot=$2 mv=$3
shift 3
trap : HUP INT TERM
{ read -r birth < /proc/self/stat; } 2>/dev/null || birth=$(ps -o lstart= -p $$)
set -C
{ printf '%s\\n' "$$" "$boot" "$birth" . > "$folder/started"; } 2>/dev/null || exit 0
{ printf '   \\n' > "$folder/exit.tmp"; } 2>/dev/null || exit 0
(exec "$@") </dev/null >>"$folder/log/current" 2>&1
code=$?
{ read -r group < "$folder/group" && kill -s KILL -- "-$group"; } 2>/dev/null
printf '%-3s\\n' "$code" 1<> "$folder/exit.tmp" && exec "$mv" -f "$folder/exit.tmp" "$folder/exit"
`;

/**
 * Inside the new session: writes the group's id (its own pid) and becomes the command. Only when `exec` fails does
 * this shell reach its EXIT trap: so a program's own exit code 127 is told apart from a command that was not found.
 */
const leaderScript = `
folder=$0
printf '%s\\n' "$$" >| "$folder/group" || exit 126
[ -z "\${BASH_VERSION-}" ] || shopt -s execfail 2>/dev/null
trap 'printf "%s\\n" "$?" >| "$folder/exec-failed"' EXIT
exec "$@"
exit
`;

/** Programs of this machine that the shim needs, as absolute paths, for the job may set PATH as it likes. */
export interface ShimTools {
  readonly mv: string;
  /** Words that run the words after them in a new session. */
  readonly newSession: readonly string[];
}

const perlNewSession = 'use POSIX; POSIX::setsid(); exec { $ARGV[0] } @ARGV; exit 127';

/**
 * Finds the tools; null when there is none that starts a session. `setsid` is on every Linux (util-linux, busybox);
 * macOS has none but brings perl.
 */
export const findShimTools = (findProgram: (name: string) => string | null): ShimTools | null => {
  const mv = findProgram('mv');
  const setsid = findProgram('setsid');
  const perl = findProgram('perl');
  if (mv === null) return null;
  if (setsid !== null) return { mv, newSession: [setsid] };
  return perl === null ? null : { mv, newSession: [perl, '-e', perlNewSession] };
};

/** The arguments of /bin/sh that run `command` as the attempt of `folder`. */
export const shimArguments = (
  folder: string,
  bootId: string,
  tools: ShimTools,
  command: readonly string[],
): readonly string[] => [
  '-c',
  shimScript,
  'job-orchestrator-shim',
  folder,
  bootId,
  tools.mv,
  ...tools.newSession,
  '/bin/sh',
  '-c',
  leaderScript,
  folder,
  ...command,
];
