// A stub until the real one is here: overwrite this file.
import type { Head } from '../head.ts'
import type { World } from '../world.ts'

export async function dependencyEnded(_world: World, _ended: readonly Head[]): Promise<void> {}
export async function lookAtDependent(_world: World, _head: Head): Promise<void> {}
