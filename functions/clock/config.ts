import { ReactorEnv } from '../reactor/config.ts'

/** The environment of the clock's function: it repeats what the reactor could not do. */
export const ClockEnv = ReactorEnv
