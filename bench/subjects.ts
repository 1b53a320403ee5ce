/** Who takes part. A new subject is one line here, beside a file that makes it. */
import { bullmq } from './bullmq.ts'
import { ours } from './ours.ts'
import type { Subject, SubjectOptions } from './subject.ts'

export const makeSubjects = (options: SubjectOptions): readonly Subject[] => [
  ours('power', options),
  ours('process', options),
  bullmq('everysec', options),
  bullmq('always', options),
]
