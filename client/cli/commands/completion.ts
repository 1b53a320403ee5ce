import { Argument, type Command } from 'commander'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { type Shape, shapeOf } from '../completion/shape.ts'
import { zshScript } from '../completion/zsh.ts'
import { explain } from '../help.ts'
import { createOutput } from '../output.ts'
import type { Session } from '../session.ts'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const
type Shell = keyof typeof scripts

export function addCompletion(program: Command, { world }: Session): void {
  const command = program
    .command('completion')
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(scripts)))
    .action(async (shell: Shell) => {
      const script: (shape: Shape) => string = scripts[shell]
      await createOutput(world, false).write(script(shapeOf(program)))
    })
  explain(command, {
    summary: 'print what a shell needs to complete this command line',
    about: `Prints a script that lets a shell complete commands and options of this program. The shell calls the program by the
name taskurai: install it globally, or give it an alias.`,
    examples: [
      ['eval "$(taskurai completion bash)"', 'in ~/.bashrc'],
      ['eval "$(taskurai completion zsh)"', 'in ~/.zshrc'],
      ['taskurai completion fish > ~/.config/fish/completions/taskurai.fish', 'once'],
    ],
  })
}
