import type { Ids } from '../ports.ts'

export interface ChildPlace {
  readonly parentId: string
  /** The birth of the parent's head. */
  readonly born: string
  readonly step: string
  readonly index: number
  /** 0, or the era in which a manual retry of the parent made it anew with other arguments. */
  readonly attempt: number
}

/** The same for whoever makes it: a crash and its replay, a zombie and its successor create the same (protocol 20). */
export function childIdOf(ids: Pick<Ids, 'ofText'>, { parentId, born, step, index, attempt }: ChildPlace): string {
  return ids.ofText(`child\n${parentId}\n${born}\n${step}\n${index}\n${attempt}`)
}
