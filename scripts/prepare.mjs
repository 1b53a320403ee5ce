// After `npm ci` in a clone: the package finds itself, and what `npm start` runs is compiled.
import './link-self.mjs'
import { freshBuild } from './fresh-build.mjs'

await freshBuild()
