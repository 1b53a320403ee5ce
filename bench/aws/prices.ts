/**
 * List prices of us-east-1, without any free tier, as they stood in November 2026; each with what it counts. From AWS's
 * price pages as the community quoted them that autumn: check them before you plan with them.
 */
export const pricesOf = '2026-11, us-east-1'

const million = 1_000_000

/** US dollars for one of each. */
export const prices = {
  httpRequest: 1.0 / million,
  lambdaRequest: 0.2 / million,
  /** arm64. */
  lambdaGbSecond: 0.0000133334,
  writeUnit: 0.625 / million,
  readUnit: 0.125 / million,
  /** A call of up to 64 KB. */
  sqsRequest: 0.4 / million,
  /** What fair queues cost on top, for a message with a group. */
  sqsFairRequest: 0.1 / million,
  busEvent: 1.0 / million,
  logGb: 0.5,
  s3Put: 5.0 / million,
  s3Get: 0.4 / million,
  /** Of 32 KB, in either direction. */
  socketMessage: 1.0 / million,
  socketMinute: 0.25 / million,
} as const

/** What is taken for granted, since no Lambda runs here. */
export const assumed = {
  /** One call of the API, and what each further task of a batch adds to it. */
  apiMs: 25,
  apiMsPerFurtherTask: 2,
  apiGb: 0.5,
  /** One invocation of the reactor, and what each further record adds. */
  reactorMs: 25,
  reactorMsPerFurtherRecord: 3,
  reactorGb: 0.5,
  /** One call of the function of watchers: an opening, its greeting, what a watcher says, an end. */
  liveMs: 30,
  liveGb: 0.25,
  /** One line of access log, as `lib/api.ts` has it, with what CloudWatch adds to each. */
  accessLogBytes: 400,
} as const
