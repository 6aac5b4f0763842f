import { exitCodes } from '../output/exit-codes.ts';
import type { Cli } from './cli.ts';

// The words before the cursor go to `__complete`, which answers with one candidate per line: the shells need no
// knowledge of our commands, and new ones complete without a new script.
const bash = `_job_orchestrator() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(job-orchestrator __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _job_orchestrator job-orchestrator jo
`;

const zsh = `#compdef job-orchestrator jo
_job_orchestrator() {
  local -a candidates
  candidates=("\${(@f)$(job-orchestrator __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates
}
compdef _job_orchestrator job-orchestrator jo
`;

const fish = `function __job_orchestrator
  set -l words (commandline -opc) (commandline -ct)
  job-orchestrator __complete -- $words[2..-1] 2>/dev/null
end
complete -c job-orchestrator -f -a '(__job_orchestrator)'
complete -c jo -f -a '(__job_orchestrator)'
`;

const scripts = { bash, zsh, fish } as const;

/** `completion SHELL`: writes the script; \`source <(job-orchestrator completion bash)\` uses it. */
export const completion = ({ screen }: Cli, shell: keyof typeof scripts): Promise<number> => {
  screen.out(scripts[shell]);
  return Promise.resolve(exitCodes.ok);
};
