import type { Head } from '#core/head'
import { draftOf } from '#core/head-draft'
import { newBulk } from '#core/tasks/bulk/bulk'
import { aHead, aRun, noon } from './heads.ts'

/** A head with every field that there is, none of them at its most common value. */
export function aFullHead(): Head {
  const head = aHead({
    born: '01KF.b7',
    n: 17,
    version: 3,
    traceParent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    subject: 'Bestätigung 8472 🦊',
    description: '',
    category: 'orders',
    externalId: 'o-8472',
    accountId: 'a-1',
    userId: 'u-2',
    tags: { desk: 'two', '': 'empty' },
    unlisted: true,
    arguments: { deep: [1e300, -0.5, null, { '': '\u0000' }] },
    bodyApart: true,
    files: [{ name: 'in.pdf', size: 7, sha256: 'ab', contentType: 'application/pdf', payload: 'P1' }],
    requestHash: 'f'.repeat(64),
    startAfter: noon + 1,
    notStartAfter: noon + 2,
    retryAfter: noon + 3,
    startedAt: noon + 4,
    runStartedAt: noon + 5,
    stoppedAt: noon + 6,
    expiresAt: noon + 86_400_007,
    status: 'failed',
    statusCode: 408,
    runCount: 4,
    failureCount: 2,
    crashCount: 1,
    interruptCount: 3,
    run: aRun({ renewed: true }),
    cancel: { at: noon, by: 'ann', reason: 'late', graceUntil: noon + 30_000 },
    due: noon + 60_000,
    progress: { percent: 12.5, message: 'an eighth', at: noon },
    result: { output: [1, 2], messages: [] },
    error: { code: 'timeout', message: 'too long', retryable: true },
    resultFiles: [{ name: 'out.svg', size: 8, sha256: 'cd', contentType: 'image/svg+xml', payload: 'P2' }],
    outcomeApart: 'run1',
    history: [
      [noon, 'created', 'ann'],
      [noon + 1, 'crashed', 'i1', 'out of memory'],
    ],
    timeoutSeconds: 12.5,
    flow: { rootId: 'R1', isAwaited: true, era: 2 },
    watched: { task: noon + 1, user: noon + 2 },
    bulk: { ...newBulk('retry', true), portions: 3, after: '1700000000000#X', looked: 7, skipped: { succeeded: 2 } },
  } as Partial<Head>)
  const missing = Object.entries(draftOf(head)).flatMap(([field, value]) => (value === undefined ? [field] : []))
  if (missing.length > 0) throw new Error(`a full head lacks ${missing.join(', ')}`)
  return head
}
