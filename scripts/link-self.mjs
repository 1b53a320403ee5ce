// The examples import this package by its name, as a stranger's worker does. Inside this repository nothing
// installs it, and npm cannot link a workspace root into itself, so `npm ci` does it here (script "prepare").
import { rmSync, symlinkSync } from 'node:fs'

const link = 'node_modules/taskurai'
rmSync(link, { recursive: false, force: true })
symlinkSync('..', link, 'junction')
