/** Tells new states of tasks from late and repeated ones. Of so many tasks; the longest unheard is forgotten first. */
const tasksMost = 1_000

export type IsNewer = (taskId: string, version: string) => boolean

export function createNewest(): IsNewer {
  const versions = new Map<string, string>()
  return (taskId, version) => {
    const known = versions.get(taskId)
    if (known !== undefined && version <= known) return false
    versions.delete(taskId)
    versions.set(taskId, version)
    const [longestUnheard] = versions.keys()
    if (versions.size > tasksMost && longestUnheard !== undefined) versions.delete(longestUnheard)
    return true
  }
}
