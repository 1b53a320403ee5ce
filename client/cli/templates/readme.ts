import { extensionOf, type ProjectSpec, text } from './project.ts'

export function readme({ name, language }: ProjectSpec): string {
  const worker = `worker.${extensionOf(language)}`
  return text(
    `# ${name}`,
    '',
    'A worker for Taskurai: tasks come to it, it does them for as long as they take.',
    '',
    '## Try it',
    '',
    '```sh',
    'npm install',
    'npm test       # its commands, without a hub',
    'npm start      # a hub on this machine, which starts the worker when there is a task',
    '```',
    '',
    'In another terminal, in this folder (the hub made its keys in `.taskurai`):',
    '',
    '```sh',
    `npx taskurai submit ${name}.greet '{ "name": "Ada" }' --wait`,
    'npx taskurai list',
    'npx taskurai doctor',
    '```',
    '',
    '## What is where',
    '',
    '| file | holds |',
    '|---|---|',
    `| \`${worker}\` | the commands, and the worker as its default export |`,
    '| `test/` | tests of commands, with `taskurai/testing` |',
    '| `Dockerfile` | one instance as a container; it needs the package-lock.json that `npm install` writes |',
    '',
    'A command may run twice, for instance when its machine dies in the middle: make what it does repeatable. What it',
    'logs with `ctx.log` is shown by `npx taskurai logs <task>`.',
  )
}
