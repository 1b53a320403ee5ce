import { extensionOf, type ProjectSpec, text } from './project.ts'

export const dockerignore = text('node_modules', '.taskurai', '.git', 'test')

export function dockerfile({ name, language }: ProjectSpec): string {
  const worker = `worker.${extensionOf(language)}`
  return text(
    `# One instance of the worker ${name} as a container: docker build -t ${name} .`,
    'FROM node:22-bookworm-slim AS packages',
    'WORKDIR /app',
    'COPY package.json package-lock.json ./',
    'RUN npm ci --omit=dev',
    '',
    'FROM node:22-bookworm-slim',
    'ENV NODE_ENV=production',
    'WORKDIR /app',
    'COPY --from=packages /app/node_modules ./node_modules',
    `COPY package.json *.${extensionOf(language)} ./`,
    'USER node',
    '# The hub comes from the environment: TASKURAI_TABLE and its companions in an AWS account, which the construct sets,',
    '# else TASKURAI_ENDPOINT with the usual AWS variables for keys. The program itself is what gets SIGTERM, so that it',
    '# can hand back what it has not finished: no shell and no npx around it. By hand, run it with docker run --init.',
    `ENTRYPOINT ["node_modules/.bin/taskurai", "work", "${worker}"]`,
  )
}
