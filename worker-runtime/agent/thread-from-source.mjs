// The agent's thread while this package runs as TypeScript. It brings its own loader, whatever started the process:
// what a thread inherits of `--import` differs between the versions of Node, and a test runner may have none to give.
import { register } from 'tsx/esm/api'

register()
await import('./thread.ts')
