#!/usr/bin/env node
// The installed command: TypeScript is loaded by tsx, found from here and not from wherever the user stands, and the
// same holds for the processes and threads that this one starts.
process.execArgv.push('--import', import.meta.resolve('tsx'))
await import('tsx')
await import('./taskurai.ts')
